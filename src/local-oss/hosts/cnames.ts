import { isIP } from 'node:net'
import { checkBucketName } from '../name-rules.ts'

type Binding = { domain: string; bucket: string; since: number }

/** Custom domains, and which buckets they are bound to. */
export class Cnames {
  /** Whose they are is known, as OSS knows it of a DNS record: by domain, the bucket that may bind it. */
  readonly #verified: ReadonlyMap<string, string>
  readonly #bindings = new Map<string, Binding>()

  /**
   * All are bound from the start.
   * @param domains the bucket's name by domain; the bucket need not exist yet.
   * @throws Error for what is no domain, or no bucket's name.
   */
  constructor(domains: Readonly<Record<string, string>>, now: number) {
    this.#verified = new Map(
      Object.entries(domains).map(([domain, bucket]) => {
        if (!isCustomDomain(domain)) throw new Error(`cnames: ${domain} is no custom domain`)
        checkBucketName(bucket)
        return [domain.toLowerCase(), bucket]
      }),
    )
    for (const [domain, bucket] of this.#verified) this.#bindings.set(domain, { domain, bucket, since: now })
  }

  /** The bucket that a host is bound to, if it is. */
  bucketOf(host: string): string | undefined {
    return this.#bindings.get(host.toLowerCase())?.bucket
  }

  /** A bucket's domains, in their order. */
  of(bucket: string): Binding[] {
    const own = [...this.#bindings.values()].filter((binding) => binding.bucket === bucket)
    return own.sort((a, b) => (a.domain < b.domain ? -1 : 1))
  }

  /** Whether it is known that this bucket may bind a domain. */
  isVerified(domain: string, bucket: string): boolean {
    return this.#verified.get(domain.toLowerCase()) === bucket
  }

  /** Binds a domain, unless it is bound. */
  bind(domain: string, bucket: string, now: number): void {
    const name = domain.toLowerCase()
    if (!this.#bindings.has(name)) this.#bindings.set(name, { domain: name, bucket, since: now })
  }

  /** Frees a domain that is bound to this bucket. */
  unbind(domain: string, bucket: string): void {
    if (this.bucketOf(domain) === bucket) this.#bindings.delete(domain.toLowerCase())
  }
}

/** Two labels at least, and neither an address nor a host of OSS's own. */
export function isCustomDomain(text: string): boolean {
  const labels = text.split('.')
  return (
    text.length <= 253 &&
    labels.length > 1 &&
    labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) &&
    isIP(text) === 0 &&
    !/\.aliyuncs\.com$/i.test(text)
  )
}
