import { encodeStrictly } from '../bytes/percent.ts'
import type { BucketMapping, Client, Config } from '../config/index.ts'
import type { RequestRecord } from '../observe/record.ts'
import { OssError } from '../oss/error.ts'
import { encodePath } from '../oss/sign.ts'
import type { Incoming } from '../ports.ts'
import { parseCopySource } from '../s3/copy-source.ts'
import { S3Error } from '../s3/error.ts'
import { MAX_KEY_BYTES } from '../s3/limits.ts'
import { parseRequest, type S3Request, validateKey, validateKeyLength } from '../s3/request.ts'

/** What a bucket that a client names is in OSS; one that no mapping names is itself, at the client's upstream. */
export const placeOf = (
  { buckets }: Pick<Config, 'buckets'>,
  { upstream }: Client,
  name: string,
): BucketMapping => buckets.get(name) ?? { name, upstream, bucket: name, prefix: '' }

/** A whole bucket of OSS's as a client names it; undefined: it has no name for it. @param upstream where it is. */
export function nameOf(
  config: Pick<Config, 'buckets'>,
  client: Client,
  { upstream, bucket }: Pick<BucketMapping, 'upstream' | 'bucket'>,
): string | undefined {
  const own = placeOf(config, client, bucket)
  const isIt = (place: BucketMapping) =>
    place.upstream === upstream && place.bucket === bucket && place.prefix === ''
  return [own, ...config.buckets.values()].find(isIt)?.name
}

/** Records which upstream a request is asked of, and its bucket and key in OSS where the client has other names for them. */
export function recordPlace(
  record: RequestRecord,
  upstream: string | undefined,
  { bucket, key, mapped }: Pick<S3Request, 'bucket' | 'key'> & { mapped?: BucketMapping | undefined },
): void {
  record.upstream = upstream
  if (mapped === undefined) return
  record.ossBucket = bucket
  record.ossKey = key
}

/** What is named by a client and asked of OSS by other names. */
type Named = { bucket: string; mapped?: BucketMapping | undefined }

/** A request's bucket as its client names it. */
export const bucketName = ({ bucket, mapped }: Named): string => mapped?.name ?? bucket

/** A request's bucket and key as its client names them. */
export const asNamed = ({
  bucket,
  key,
  mapped,
}: Pick<S3Request, 'bucket' | 'key'> & Pick<Named, 'mapped'>) =>
  mapped === undefined ? { bucket, key } : { bucket: mapped.name, key: key && keyName({ mapped }, key) }

/** A key of OSS's as the client of a request names it. */
export const keyName = ({ mapped }: Pick<Named, 'mapped'>, key: string): string =>
  mapped === undefined ? key : key.slice(mapped.prefix.length)

/**
 * A key that a client names, as OSS does.
 * @throws S3Error KeyTooLongError; InvalidURI for a key that OSS does not allow.
 */
export function ossKey({ mapped }: Pick<Named, 'mapped'>, key: string): string {
  if (mapped === undefined) {
    validateKey(key)
    return key
  }
  validateKeyLength(key, MAX_KEY_BYTES - Buffer.byteLength(mapped.prefix))
  const whole = mapped.prefix + key
  validateKey(whole)
  return whole
}

/** What a list's `prefix` is in OSS: no list of a mapped bucket is without one. */
export const ossPrefix = (
  { mapped }: Pick<Named, 'mapped'>,
  prefix: string | undefined,
): string | undefined => (mapped === undefined ? prefix : mapped.prefix + (prefix ?? '')) || undefined

/**
 * The key behind which a list begins in OSS. A list of a part of a bucket always has one, its prefix at the least: consoles
 * make an object of that very key for a folder, which the client would see as a key without a name.
 */
export const ossMarker = ossPrefix

/** A request whose bucket is a mapping's, from here on by the names that OSS has. @throws S3Error as {@link ossKey}. */
export function enterMapping<Request extends Pick<S3Request, 'bucket' | 'key'>>(
  request: Request,
  mapped: BucketMapping,
): Request & { mapped: BucketMapping } {
  const { key } = request
  return Object.assign(request, {
    mapped,
    bucket: mapped.bucket,
    key: key === undefined ? undefined : ossKey({ mapped }, key),
  })
}

type Places = Pick<Config, 'buckets' | 'domains' | 'document' | 'endpoint' | 'upstreams'>

/** An error by the names that the client of a request knows: OSS's speak of its own, and of where it is. */
export function inClientNames(error: S3Error, config: Places, incoming: Incoming): S3Error {
  const { buckets, domains, document } = config
  // A copy is about its source as well.
  const names = [
    () => parseRequest(incoming, domains).bucket,
    () => parseCopySource(incoming.headers['x-amz-copy-source'] ?? '', document.accessPoints).bucket,
  ]
    .map(readName)
    .filter((name) => name !== undefined)
  // On no bucket at all there is the list of all of them.
  const mappings =
    names.length === 0 ? [...buckets.values()] : names.flatMap((name) => buckets.get(name) ?? [])
  if (mappings.length === 0) return error
  const { code, message, headers: sent, cause } = error
  const elements = { ...error.elements }
  const { BucketName } = elements
  if (BucketName !== undefined && !names.includes(String(BucketName))) {
    const named = mappings.find(({ bucket }) => bucket === BucketName)?.name ?? names[0]
    if (named !== undefined) elements.BucketName = named
    // What the gateway says itself of a request that names no bucket, is what the client has sent.
    else if (cause instanceof OssError) delete elements.BucketName
  }
  const isTelling =
    cause instanceof OssError && whatTells(mappings, config).some((text) => message.includes(text))
  return new S3Error(code, { ...(isTelling ? {} : { message }), elements, headers: sent, cause })
}

/** What no client is told: other names of what it names, as they are and as URLs have them, and where OSS is. */
function whatTells(mappings: readonly BucketMapping[], { endpoint, upstreams }: Places): string[] {
  const hosts = [endpoint, ...[...upstreams.values()].map((upstream) => upstream.endpoint)].map(
    ({ host }) => host,
  )
  return [
    ...mappings.flatMap(({ name, bucket, prefix }) => [
      ...(bucket === name ? [] : [bucket]),
      ...(prefix === '' ? [] : [prefix, encodePath(prefix), encodeStrictly(prefix)]),
    ]),
    ...hosts,
    '.aliyuncs.com',
  ]
}

/** @param nameOf reads a bucket's name; undefined where it cannot be read, or there is none. */
function readName(nameOf: () => string | undefined): string | undefined {
  try {
    return nameOf() || undefined
  } catch {
    return undefined
  }
}
