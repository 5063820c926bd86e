/**
 * A time as text that is the same for all of a second, and is made once for it.
 * @param render of the second in ISO 8601, `2019-02-06T00:00:38.000Z`.
 * @returns the text for milliseconds since the epoch.
 */
export function perSecond(render: (iso: string) => string): (time: number) => string {
  let second = Number.NaN
  let text = ''
  return (time) => {
    const current = Math.floor(time / 1000)
    if (current !== second) {
      second = current
      text = render(new Date(current * 1000).toISOString())
    }
    return text
  }
}
