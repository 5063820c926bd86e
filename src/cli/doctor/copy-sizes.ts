import { text } from '../../xml/index.ts'
import type { Bucket, CopyKind, CopySizes, Request } from './check.ts'
import { documentOf, errorOf, isSilent, type Response, type Silence, uploadIdOf } from './http-response.ts'
import { copySource } from './oss-voice.ts'

const MiB = 1024 ** 2
const GiB = 1024 * MiB

/**
 * What is copied, each made of those before it by UploadPartCopy, which moves nothing from here to OSS. Below and above the
 * 1 GiB that OSS's documents name where encryption changes, up to the 5 GiB of S3's own CopyObject.
 */
const sizes: readonly { size: number; from: readonly number[] }[] = [
  { size: 64 * MiB, from: Array(16).fill(4 * MiB) },
  { size: GiB, from: Array(16).fill(64 * MiB) },
  { size: GiB + 64 * MiB, from: [GiB, 64 * MiB] },
  { size: 5 * GiB, from: Array(5).fill(GiB) },
]

/**
 * Has OSS copy larger and larger objects within a bucket, until it does not. All is written below the scratch prefix.
 * @returns the answer that kept an object from being made, if one did.
 */
export async function measureCopies(
  { bucket, scratch }: Bucket,
  kinds: readonly CopyKind[],
  ask: (request: Request) => Promise<Response | Silence>,
): Promise<{ sizes: readonly CopySizes[] } | { failed: Response | Silence }> {
  const keyOf = (size: number) => `${scratch}${size / MiB} MiB`
  const found: CopySizes[] = kinds.map((kind) => ({ kind, copied: 0 }))
  const hasFailed = (answer: Response | Silence) => isSilent(answer) || answer.status >= 300

  /** @returns the answer that kept it from being made. */
  async function make(size: number, from: readonly number[]): Promise<Response | Silence | undefined> {
    const key = keyOf(size)
    const begun = await ask({ method: 'POST', bucket, key, query: { uploads: '' } })
    if (isSilent(begun) || hasFailed(begun)) return begun
    const uploadId = uploadIdOf(begun) ?? ''
    const parts: string[] = []
    for (const [i, source] of from.entries()) {
      const partNumber = String(i + 1)
      const headers = { 'x-oss-copy-source': copySource(bucket, keyOf(source)) }
      const part = await ask({ method: 'PUT', bucket, key, query: { partNumber, uploadId }, headers })
      if (isSilent(part) || hasFailed(part)) return part
      const etag = text(documentOf(part, 'CopyPartResult') ?? {}, 'ETag') ?? ''
      parts.push(`<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`)
    }
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
    const completed = await ask({ method: 'POST', bucket, key, query: { uploadId }, body })
    return hasFailed(completed) ? completed : undefined
  }

  const smallest = 4 * MiB
  const put = await ask({ method: 'PUT', bucket, key: keyOf(smallest), body: Buffer.alloc(smallest) })
  if (hasFailed(put)) return { failed: put }
  for (const { size, from } of sizes) {
    const open = found.filter(({ refused }) => refused === undefined)
    if (open.length === 0) break
    const failed = await make(size, from)
    if (failed !== undefined) return { failed }
    for (const entry of open) {
      const key = `${keyOf(size)} copied`
      const headers = { 'x-oss-copy-source': copySource(bucket, keyOf(size)), ...entry.kind.headers }
      const answer = await ask({ method: 'PUT', bucket, key, headers })
      if (hasFailed(answer)) entry.refused = { size, answer }
      else {
        entry.copied = size
        // At once and not with the scratch keys at the end: gibibytes would lie there that nobody needs.
        await ask({ method: 'DELETE', bucket, key })
      }
    }
  }
  return { sizes: found }
}

/** What was found of a kind, in words. */
export function describeSizes({ kind, copied, refused }: CopySizes): string {
  const up = copied === 0 ? 'nothing' : `up to ${sizeText(copied)}`
  const but = refused === undefined ? '' : `, not ${sizeText(refused.size)}`
  return `${kind.name}${up}${but}`
}

/** Whether a copy was refused for its size. */
export const isTooLarge = (answer: Response | Silence): boolean =>
  !isSilent(answer) && errorOf(answer)?.code === 'EntityTooLarge'

const sizeText = (bytes: number) =>
  bytes % GiB === 0
    ? `${bytes / GiB} GiB`
    : bytes < GiB
      ? `${bytes / MiB} MiB`
      : `${(bytes / GiB).toFixed(2)} GiB`
