import { type BucketInfo, getBucketInfo } from '../../oss/bucket-info.ts'
import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import { forbidsOverwrite, objectTypeOf } from '../../oss/headers.ts'
import type { HeaderMap } from '../../ports.ts'
import { ossEncryptionOf } from '../../translate/encryption.ts'
import { isRestored } from '../../translate/restore.ts'
import { storageClassOf } from '../../translate/storage-class.ts'

export type Address = { bucket: string; key: string; versionId?: string | undefined }

/** Which of a copy's two objects, or of their buckets. */
export type Side = 'source' | 'destination'

/** The two objects of a copy. */
export type Sides = Record<Side, Address>

/** An object, or a link, as OSS's own CopyObject sees it. */
export type ObjectFacts = {
  etag: string
  /** Milliseconds. */
  lastModified: number
  size: number
  /** `Normal`, `Multipart`, `Appendable` or `Symlink`. */
  type: string
  storageClass: string
  /** Server-side encryption, as OSS names it. */
  encryption: BucketInfo['encryption']
  /** Whether the bytes can be had: in no archive, or restored. */
  readable: boolean
}

/** What is known of the two sides of a copy; an OssError where OSS did not say. */
export type CopyFacts = {
  source: { name: string; bucket: BucketInfo | OssError; object: ObjectFacts | OssError; versioned: boolean }
  destination: { name: string; bucket: BucketInfo | OssError; exists: boolean }
  /** One key of one bucket. */
  isSelf: boolean
}

/** What OSS's answers to a copy depend on. Each question is asked once, when an answer needs it. */
export type Facts = {
  /** @param headers of the call that is answered: they say who pays, and what else counts. */
  ofCopy(headers: HeaderMap): Promise<CopyFacts>
  ofDestination(headers: HeaderMap): Promise<CopyFacts['destination']>
  ofSource(headers: HeaderMap): Promise<ObjectFacts | OssError>
  /** Of the source's bucket and of the destination's; at two upstreams they may have one name. */
  ofBuckets(): Promise<Record<Side, BucketInfo | OssError>>
  /** Of the destination's bucket. */
  versioning(): Promise<string | undefined>
}

/**
 * Finds them out with reads of its own, which are none of the copy's.
 * @param oss the clients of the upstreams where the two are.
 */
export function factsOf(
  oss: { source: OssClient; destination: OssClient },
  source: Address,
  destination: Address,
): Facts {
  const answers = new Map<string, Promise<unknown>>()
  function once<T>(question: string, ask: () => Promise<T>): Promise<T> {
    const answer = (answers.get(question) as Promise<T> | undefined) ?? ask()
    answers.set(question, answer)
    return answer
  }
  const clientOf = (at: Address) => (at === source ? oss.source : oss.destination)
  const isAcross = oss.source !== oss.destination
  const questionOf = (at: Address, ...what: unknown[]) =>
    JSON.stringify([at.bucket, ...what, isAcross && at === source])
  const bucketOf = (at: Address) => once(questionOf(at), () => lookAtBucket(clientOf(at), at.bucket))
  const objectOf = (at: Address, headers: HeaderMap) =>
    once(questionOf(at, at.key, at.versionId), () => lookAtObject(clientOf(at), at, headers))

  const facts: Facts = {
    ofSource: (headers) => objectOf(source, headers),
    async ofDestination(headers) {
      const asked = forbidsOverwrite(headers)
      const exists = asked && !((await objectOf(destination, headers)) instanceof OssError)
      return { name: destination.bucket, bucket: await bucketOf(destination), exists }
    },
    async ofCopy(headers) {
      const [bucket, object, to] = await Promise.all([
        bucketOf(source),
        objectOf(source, headers),
        facts.ofDestination(headers),
      ])
      const isSelf = source.bucket === destination.bucket && source.key === destination.key
      const versioned = source.versionId !== undefined
      return { source: { name: source.bucket, bucket, object, versioned }, destination: to, isSelf }
    },
    async ofBuckets() {
      const [from, to] = await Promise.all([bucketOf(source), bucketOf(destination)])
      return { source: from, destination: to }
    },
    async versioning() {
      const bucket = await bucketOf(destination)
      return bucket instanceof OssError ? undefined : bucket.versioning
    },
  }
  return facts
}

/** A bucket, or OSS's refusal to say what it is. */
function lookAtBucket(oss: OssClient, bucket: string): Promise<BucketInfo | OssError> {
  return getBucketInfo(oss, bucket).catch(asRefusal)
}

/** An object, or OSS's refusal to say what it is. @param asked the headers of the call that is answered: who pays. */
function lookAtObject(
  oss: OssClient,
  { bucket, key, versionId }: Address,
  asked: HeaderMap,
): Promise<ObjectFacts | OssError> {
  const payer = asked['x-oss-request-payer']
  const headers: HeaderMap = payer === undefined ? {} : { 'x-oss-request-payer': payer }
  const call = { bucket, key, headers }
  return oss
    .send({ ...call, method: 'HEAD', query: { versionId } })
    .catch(asRefusal)
    .then(async (found) => {
      const link = found instanceof OssError ? found.code === 'SymlinkTargetNotExist' : isLink(found.headers)
      if (!link) return found instanceof OssError ? found : objectFacts(found.headers)
      // What a HEAD tells of a link is its target's; a copy of it is another link.
      const own = await oss
        .send({ ...call, method: 'GET', query: { symlink: null, versionId } })
        .catch(asRefusal)
      if (own instanceof OssError) return own
      const { headers: described } = found instanceof OssError ? { headers: {} } : found
      return {
        ...objectFacts({ ...described, ...own.headers }),
        size: 0,
        type: 'Symlink',
        encryption: { algorithm: undefined, keyId: undefined },
      }
    })
}

const isLink = (headers: HeaderMap) => objectTypeOf(headers) === 'Symlink'

function objectFacts(headers: HeaderMap): ObjectFacts {
  const storageClass = storageClassOf(headers)
  return {
    etag: headers.etag ?? '',
    lastModified: Date.parse(headers['last-modified'] ?? ''),
    size: Number(headers['content-length'] ?? 0),
    type: objectTypeOf(headers),
    storageClass,
    encryption: ossEncryptionOf(headers),
    readable: !storageClass.endsWith('Archive') || isRestored(headers),
  }
}

function asRefusal(error: unknown): OssError {
  if (error instanceof OssError) return error
  throw error
}
