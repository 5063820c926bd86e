import type { S3Client } from '@aws-sdk/client-s3'
import { count } from './faults.ts'
import { Key, type State } from './model.ts'
import type { Random } from './random.ts'
import { type Bucket, buckets, type World } from './world.ts'

/** A request that takes longer than this hangs, whatever became of OSS. */
const HANGING = 60_000
/** Of all SDK calls. */
const ABORTED = 0.05

/** What may fail a request while OSS misbehaves. */
const passing = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'RequestTimeout',
  'AbortError',
  'TimeoutError',
  'ECONNRESET',
  'EPIPE',
])

type Failure = Error & { code?: string; $metadata?: { attempts?: number; httpStatusCode?: number } }
export type Options = { abortSignal: AbortSignal }
export type Outcome<T> = { value: T } | { refusal: string; attempts: number }

/** Does one thing after the other, on keys that nobody else writes. */
export class Worker {
  readonly index: number
  readonly world: World
  readonly random: Random
  readonly s3: S3Client
  readonly keys: Record<'small' | 'large' | 'parts', Key[]> = { small: [], large: [], parts: [] }

  /** The last thing begun. */
  doing = ''

  constructor(world: World, index: number, random: Random) {
    this.world = world
    this.index = index
    this.random = random
    this.s3 = world.clients[index % world.clients.length] as S3Client
  }

  get prefix(): string {
    return `w${this.index}/`
  }

  /** A key to write: one whose state is known, or a new one. */
  keyToWrite(kind: 'small' | 'large' | 'parts'): Key {
    const own = this.keys[kind]
    const known = own.filter((key) => key.certain)
    const most = kind === 'small' ? 40 : 3
    if (known.length > 0 && (own.length >= most || this.random.chance(0.7))) return this.random.pick(known)
    const bucket: Bucket =
      kind === 'large'
        ? this.random.pick(['chaos-near', 'chaos-other', 'chaos-far'])
        : this.random.pick(buckets)
    const name = `${this.prefix}${kind}/${own.length}${this.random.pick(['', ' ', 'ü€', '+%2B', "&'()*", '//x/.y'])}`
    const key = new Key(bucket, name)
    own.push(key)
    this.world.keys.push(key)
    return key
  }

  /** One of its own, or undefined when none has that. */
  ownKey(wanted: (key: Key) => boolean): Key | undefined {
    const found = Object.values(this.keys).flat().filter(wanted)
    return found.length === 0 ? undefined : this.random.pick(found)
  }

  /**
   * Makes a call, and sometimes gives it up on its way. What fails for no reason that there is, is a problem.
   * @param answers names of errors that are answers.
   */
  async ask<T>(
    kind: string,
    key: Key | undefined,
    send: (options: Options) => Promise<T>,
    answers: readonly string[] = [],
  ): Promise<Outcome<T>> {
    const { operations, longest, failures, problems, retries } = this.world
    const gone = new AbortController()
    const after = this.random.below(this.random.pick([5, 50, 500]))
    const leaving = this.random.chance(ABORTED) ? setTimeout(() => gone.abort(), after) : undefined
    const hanging = setTimeout(() => {
      problems.add(`${kind} hangs`, key)
      gone.abort()
    }, HANGING)
    count(operations, kind)
    this.doing = kind
    const began = performance.now()
    try {
      const value = await send({ abortSignal: gone.signal })
      const { attempts = 1 } = (value as { $metadata?: { attempts?: number } } | undefined)?.$metadata ?? {}
      retries.count += attempts - 1
      return { value }
    } catch (error) {
      const failure = error as Failure
      const { attempts = 1, httpStatusCode: status } = failure.$metadata ?? {}
      retries.count += attempts - 1
      const name = gone.signal.aborted ? 'AbortError' : nameOf(failure)
      const took = Math.round(performance.now() - began)
      key?.note(`${kind}: ${name} ${status ?? ''} in attempt ${attempts} after ${took} ms`)
      if (!answers.includes(name)) {
        count(failures, `${kind}: ${name}`)
        if (!passing.has(name))
          problems.add(`${kind} failed: ${name} ${status ?? ''} ${failure.message}`, key)
      }
      return { refusal: name, attempts }
    } finally {
      const took = performance.now() - began
      longest.set(kind, Math.max(longest.get(kind) ?? 0, Math.round(took)))
      clearTimeout(leaving)
      clearTimeout(hanging)
    }
  }

  /**
   * A write of one of these states.
   * @param accept the states the answer leaves; it may tell of problems.
   */
  async write<T>(
    kind: string,
    key: Key,
    states: State[],
    send: (options: Options) => Promise<T>,
    accept: (answer: T) => State[] = () => states,
    answers: readonly string[] = [],
  ): Promise<Outcome<T>> {
    const write = key.begin(states)
    const ids = states.map((state) => state?.id ?? 'nothing').join(' or ')
    key.note(`${kind} of ${ids} …`)
    const outcome = await this.ask(kind, key, send, answers)
    if ('value' in outcome) {
      write.done(accept(outcome.value))
      key.note(`${kind} of ${ids}: done`)
    } else {
      write.unknown()
    }
    return outcome
  }
}

/** By what a failure is counted: S3's code, or the socket's. */
function nameOf({ name, code, message }: Failure): string {
  if (name !== 'Error') return name
  if (message === 'aborted' || message === 'Premature close') return 'ECONNRESET'
  return code ?? message
}
