/** What hinders a store: `full` and `read-only` disks, a blob that is `lost`, or another `failure`. */
export type ProblemKind = 'full' | 'read-only' | 'lost' | 'failure'

/** The store cannot keep or give back what it should; the cause is the file system's or LevelDB's error. */
export class StoreProblem extends Error {
  override name = 'StoreProblem'
  readonly kind: ProblemKind

  constructor(kind: ProblemKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** Told of each problem when it is met; the request that meets it is answered InternalError, or its answer cut. */
export type OnProblem = (problem: StoreProblem) => void

const codes: Readonly<Record<string, ProblemKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
}

/** LevelDB tells the system's error in words alone (strerror). */
const words: readonly (readonly [RegExp, ProblemKind])[] = [
  [/no space left|quota exceeded/i, 'full'],
  [/read-only file system|permission denied|operation not permitted/i, 'read-only'],
]

const says: Readonly<Record<Exclude<ProblemKind, 'lost'>, string>> = {
  full: 'the disk is full',
  'read-only': 'it cannot be written by this user: the disk or the folder is read-only',
  failure: 'it failed',
}

/**
 * An error of the file system or of LevelDB as a problem.
 * @param what was to be done, and where.
 */
export function problemOf(error: unknown, what: string): StoreProblem {
  if (error instanceof StoreProblem) return error
  const { code, message } = error as NodeJS.ErrnoException
  const kind = codes[code ?? ''] ?? words.find(([form]) => form.test(message))?.[1] ?? 'failure'
  return new StoreProblem(kind, `${what}: ${says[kind as keyof typeof says]} (${message})`, error)
}

/** A blob that some object refers to and that cannot be read. @param why the file is no use. */
export const lostBlob = (id: string, why: string, cause?: unknown): StoreProblem =>
  new StoreProblem('lost', `the bytes of an object are lost: blob ${id} ${why}`, cause)

/** Runs a piece of work; what it fails with is a problem, and `onProblem` is told. @throws StoreProblem. */
export async function guarded<T>(what: string, onProblem: OnProblem, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const problem = problemOf(error, what)
    onProblem(problem)
    throw problem
  }
}
