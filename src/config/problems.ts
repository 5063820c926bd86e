/** Mistakes of whoever has written settings or a command line: all at once, each in one line. */
export class ProblemsError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}
