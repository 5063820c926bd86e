import type { OssClient } from '../oss/client.ts'
import type { Clock } from '../ports.ts'

const MAX_BUCKETS = 10_000

/** One value for each gateway's client of OSS, made at first use: the gateways of one process share nothing. */
export function perClient<Value>(create: () => Value): (oss: OssClient) => Value {
  const values = new WeakMap<object, Value>()
  return (oss) => {
    let value = values.get(oss.identity)
    if (value === undefined) {
      value = create()
      values.set(oss.identity, value)
    }
    return value
  }
}

type Ports = { oss: OssClient; clock: Clock }

/** What OSS has said of buckets, one fact for each, kept for a time. */
export class BucketCache<Fact> {
  readonly #lifetime: number
  readonly #facts = perClient(() => new Map<string, { fact: Fact; until: number }>())

  /** @param lifetime milliseconds after which a fact must be read again: it may have been changed past this gateway. */
  constructor(lifetime: number) {
    this.#lifetime = lifetime
  }

  /** @returns undefined where none is known, or it has expired. */
  get({ oss, clock }: Ports, bucket: string): Fact | undefined {
    const known = this.#facts(oss).get(bucket)
    return known !== undefined && known.until > clock() ? known.fact : undefined
  }

  set({ oss, clock }: Ports, bucket: string, fact: Fact): void {
    const facts = this.#facts(oss)
    if (facts.size >= MAX_BUCKETS) facts.clear()
    facts.set(bucket, { fact, until: clock() + this.#lifetime })
  }

  delete(oss: OssClient, bucket: string): void {
    this.#facts(oss).delete(bucket)
  }
}
