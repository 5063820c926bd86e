/** The files that settings name. Absent where there are none: on Workers. */
export type Files = {
  /** A file's text. @throws Error that says why not, without its name: a secret may have been set in place of that. */
  read(path: string): string
  has(path: string): boolean
  /** The folder of the user that this runs as. */
  home: string
}
