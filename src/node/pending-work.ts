/** Work that must end even if its client disconnects. Counted, not held. */
export class PendingWork {
  #count = 0
  #waiting: (() => void)[] = []

  /** @param work whose errors are handled elsewhere. */
  add(work: Promise<unknown>): void {
    this.#count++
    const end = () => {
      this.#count--
      if (this.#count > 0) return
      for (const resolve of this.#waiting) resolve()
      this.#waiting = []
    }
    work.then(end, end)
  }

  /** Resolves when there is none left. */
  settled(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
