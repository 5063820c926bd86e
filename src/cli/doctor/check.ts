import type { BucketMapping, Client, Config, Upstream } from '../../config/index.ts'
import type { Origin } from '../../oss/regions.ts'
import type { HeaderMap, OssCredentials } from '../../ports.ts'
import type { Connection, Response, Silence } from './http-response.ts'

/** A request as an S3 client, or as a client of OSS, would send it. */
export type Request = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  bucket?: string
  key?: string
  /** Decoded; an empty value is a bare name. */
  query?: Readonly<Record<string, string>>
  headers?: HeaderMap
  body?: Buffer
}

/** A kind of copy that OSS has a limit of its own for. @property headers that make one. */
export type CopyKind = { name: string; headers: Readonly<Record<string, string>> }

/** Up to which size copies of a kind were made in one call, in bytes, and the least that was not. */
export type CopySizes = {
  kind: CopyKind
  copied: number
  refused?: { size: number; answer: Response | Silence }
}

/** What a check asks, and of whom. */
export type Question =
  | { of: 'name'; host: string }
  /** @property name which the certificate has to be for. */
  | { of: 'connection'; origin: Origin; name: string }
  /** Unsigned. */
  | { of: 'page'; url: string; name?: string }
  /**
   * Signed with the client's key. @property announced bytes of a body of which but the first are sent. @property at
   * where, instead of at the gateway's endpoint.
   */
  | ({ of: 'gateway'; announced?: number; at?: Facts['gateway'] } & Request)
  /** Signed with the gateway's own key at the step's upstream. */
  | ({ of: 'oss' } & Request)
  /** Up to which size OSS copies within a bucket in one call, of copies of each kind; at the step's upstream. */
  | { of: 'copies'; bucket: Bucket; kinds: readonly CopyKind[] }
  /** Who the gateway's key at the upstream is, of Alibaba Cloud's Security Token Service. */
  | { of: 'sts' }

/** What a question is answered with, by whom it is of. */
export type Answers = {
  name: { addresses: readonly string[] } | Silence
  connection: Connection | Silence
  page: Response | Silence
  /** @property canonical what was signed. */
  gateway: (Response & { canonical: string }) | Silence
  oss: Response | Silence
  copies: { sizes: readonly CopySizes[] } | { failed: Response | Silence }
  sts: Response | Silence
}

/** What is known of a bucket that was named, and of what it is in OSS; checks add to it. */
export type Bucket = BucketMapping & {
  /** What keys have in front of them in OSS where clients are; empty: they are everywhere. */
  within: string
  /** Of keys that doctor writes and removes again, and below the gateway's own prefix; as OSS has them. */
  scratch: string
  reservedScratch: string
  region?: string
  ownerId?: string
  storageClass?: string
  /** `Enabled`, `Suspended`; undefined: it never had versions, or nobody says. */
  versioning?: string | undefined
  encryption?: { algorithm: string | undefined; keyId: string | undefined }
  blocksPublicAccess?: boolean
  /** How long what is written cannot be removed, in words; `none`: it can; undefined: nobody says. */
  retention?: string | undefined
  hasObjectLock?: boolean
  uploadId?: string
  /** The ETag of the part that was uploaded. */
  partETag?: string
  /** Up to which sizes OSS copies within it in one call, in words; undefined: it was not measured. */
  copySizes?: string
  /** What is written through the gateway is not here. */
  isElsewhere?: boolean
}

/** What is known of an upstream; checks add to it. */
export type UpstreamFacts = Upstream & {
  /** By the settings; undefined: that of the environment. */
  name: string | undefined
  /** What its checks are about. */
  about: string
  /** The gateway's own key, or why its source gives none. */
  key: OssCredentials | { none: string }
  /** How far its clock is ahead of this machine's, in milliseconds. */
  clock?: number
  /** Whether it has taken the key. */
  isUsable?: boolean
}

/** What is known besides; checks add to the clock. */
export type Facts = {
  config: Config
  /** Where the running gateway is, and the name that its certificate has to be for. */
  gateway: Origin & { name: string }
  /** Who signs requests to it. */
  client: Client
  /** That of the environment first. */
  upstreams: readonly [UpstreamFacts, ...UpstreamFacts[]]
  /** Nobody but the gateway itself can ask the embedded OSS. */
  isOssHidden: boolean
  buckets: readonly Bucket[]
  readOnly: boolean
  /** Whether it is measured up to which size OSS copies in one call. */
  measuresCopies: boolean
  /** Milliseconds since the epoch. */
  now: number
  /** Whether the gateway's admin port says so. */
  isAlive?: boolean
  /** How far the gateway's clock is ahead of this machine's, in milliseconds. */
  clock?: number
}

/** How a check ended: `warning` and `wrong` come with advice; `skipped`: it has nothing to say here. */
export type Verdict = {
  outcome: 'ok' | 'warning' | 'wrong' | 'skipped'
  said: string
  /** What to do about it: which setting, which action of RAM, which other thing. */
  advice?: string
  /** Nothing more is to be asked of whoever it was. */
  ends?: true
}

/** A step: what it asks, and what the answer means. It keeps what it learns in the facts, and does nothing else. */
export type Check<Of extends Question['of'] = Question['of']> = {
  name: string
  /** `gateway`, `OSS`, `upstream NAME`, `bucket NAME`, `copy A to B`. */
  about: string
  /** Whose key and settings it is about; absent: those of the environment's. */
  upstream?: string | undefined
  /** What it does, and what it means for clients when it fails. */
  does: string
  means: string
  /** Names of checks without whose success this one would say nothing: of the same `about`, else with it. */
  needs: readonly string[]
  /** Whether it is about anything here; absent: it is. What needs it does not wait for what does not apply. */
  applies?(facts: Facts, upstream: UpstreamFacts): boolean
  ask(facts: Facts, upstream: UpstreamFacts): Extract<Question, { of: Of }>
  judge(answer: Answers[Of], facts: Facts, upstream: UpstreamFacts): Verdict
}

/** A check that asks nobody: it compares what is known. */
export type Comparison = Omit<Check, 'ask' | 'judge'> & {
  compare(facts: Facts, upstream: UpstreamFacts): Verdict
}

export type Step = Check | Comparison

/** The upstream of a name in the settings; undefined: that of the environment. */
export const upstreamOf = ({ upstreams }: Facts, name: string | undefined): UpstreamFacts =>
  upstreams.find((upstream) => upstream.name === name) ?? upstreams[0]

/** Checks as those of an upstream. */
export const atUpstream = (upstream: string | undefined, steps: readonly Step[]): Step[] =>
  upstream === undefined ? [...steps] : steps.map((step) => ({ ...step, upstream }))

/** A check as a step, whomever it asks. */
export const asking = <Of extends Question['of']>(check: Check<Of>): Step => check as unknown as Step

/** A step that has been taken, or left out for want of another. */
export type Result = {
  check: string
  about: string
  /** By its name in the settings, of what is not about that of the environment. */
  upstream?: string
  outcome: Verdict['outcome']
  said: string
  /** Of what has failed: what that means, and what to do about it. */
  means?: string | undefined
  advice?: string | undefined
}

/** @param said why it was left out. */
export const skipped = (said: string): Verdict => ({ outcome: 'skipped', said })
/** @param said what was found. */
export const ok = (said: string): Verdict => ({ outcome: 'ok', said })
/** Something that has to be mended. @param said what was found. @param advice what to do about it. */
export const wrong = (said: string, advice: string): Verdict => ({ outcome: 'wrong', said, advice })
/** Something that may be meant so. @param said what was found. @param advice what to do where it is not. */
export const warning = (said: string, advice: string): Verdict => ({ outcome: 'warning', said, advice })
