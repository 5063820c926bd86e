import { invalidArgument } from './error.ts'
import { isBucketName, validateKeyLength, validateVersionId } from './request.ts'

export type CopySource = { bucket: string; key: string; versionId: string | undefined }

const HEADER = 'x-amz-copy-source'
/** What follows `arn:aws:s3:<region>:<account>:` before the key. */
const accessPoint = /^accesspoint\/([^/]+)\/object\//

/**
 * `x-amz-copy-source` → bucket, key, version. In this order, which every client's habit survives:
 * strip one leading slash, split the raw value at the first `?`, percent-decode (`+` is a space), strip a leading slash
 * that was encoded, split at the first slash. So `bucket%2Fkey`, `%2Fbucket%2Fkey`, raw UTF-8 and `%3F` in keys all work.
 * @param accessPoints access point name → bucket.
 * @throws S3Error InvalidArgument; KeyTooLongError.
 */
export function parseCopySource(
  value: string,
  accessPoints: Readonly<Record<string, string>> = {},
): CopySource {
  const mark = value.indexOf('?')
  const raw = value.slice(value.startsWith('/') ? 1 : 0, mark < 0 ? undefined : mark)
  const address = decode(/^%2f/i.test(raw) ? raw.slice('%2F'.length) : raw)
  const versionId = mark < 0 ? undefined : parseVersionId(value.slice(mark + 1))
  const [bucket, key] = address.startsWith('arn:') ? fromArn(address, accessPoints) : split(address)
  if (!isBucketName(bucket)) throw invalidArgument('Invalid copy source bucket name', HEADER, bucket)
  validateKeyLength(key)
  return { bucket, key, versionId }
}

function split(address: string): [bucket: string, key: string] {
  const slash = address.indexOf('/')
  const bucket = slash < 0 ? address : address.slice(0, slash)
  const key = slash < 0 ? '' : address.slice(slash + 1)
  if (bucket === '') throw invalidArgument('Invalid copy source bucket name', HEADER, bucket)
  if (key === '') throw invalidArgument('Invalid copy source object key', HEADER, HEADER)
  return [bucket, key]
}

function fromArn(
  address: string,
  accessPoints: Readonly<Record<string, string>>,
): [bucket: string, key: string] {
  const [, , service, , , ...rest] = address.split(':')
  const resource = service === 's3' ? rest.join(':') : ''
  const [prefix = '', name = ''] = accessPoint.exec(resource) ?? []
  const key = resource.slice(prefix.length)
  const bucket = Object.hasOwn(accessPoints, name) ? accessPoints[name] : undefined
  if (bucket === undefined || key === '') {
    throw invalidArgument(
      'The access point of the copy source is not known here: name the bucket, or map it in the setting accessPoints',
      HEADER,
      address,
    )
  }
  return [bucket, key]
}

function parseVersionId(query: string): string {
  const match = /^versionId=([^&]+)$/.exec(query)
  if (match === null) throw invalidArgument('Invalid version id specified', 'versionId', query)
  const id = decode(match[1] ?? '')
  validateVersionId(id)
  return id
}

function decode(raw: string): string {
  try {
    return /[%+]/.test(raw) ? decodeURIComponent(raw.replaceAll('+', ' ')) : raw
  } catch {
    throw invalidArgument('Invalid copy source encoding', HEADER, raw)
  }
}
