/** A part of an object, by its size in bytes. */
export type IndexedPart = { size: number; checksum?: string | undefined }

/** What is kept of an object that was uploaded in parts: OSS keeps how many there were, S3 tells of each. */
export type PartIndex = {
  /** OSS's id of the upload: while there is such an upload, its object may still be to come. */
  uploadId: string
  /** In the order of the object. */
  parts: readonly IndexedPart[]
}

const VERSION = 1
/** S3 and OSS take no more. */
const MAX_PARTS = 10_000

/** The index as its document. Parts of equal size that follow each other are written once, with their number. */
export function renderPartIndex({ uploadId, parts }: PartIndex): string {
  const sizes: [size: number, count: number][] = []
  for (const { size } of parts) {
    const last = sizes.at(-1)
    if (last?.[0] === size) last[1]++
    else sizes.push([size, 1])
  }
  return JSON.stringify({ version: VERSION, uploadId, sizes })
}

/** An index as it was kept, or undefined for what is none: it is as good as not there. */
export function parsePartIndex(text: string): PartIndex | undefined {
  const kept = parsedObject(text)
  if (kept?.version !== VERSION || typeof kept.uploadId !== 'string') return undefined
  const sizes = partSizes(kept.sizes)
  return sizes && { uploadId: kept.uploadId, parts: sizes.map((size) => ({ size })) }
}

/** Whether it is the index of an object of so many bytes and parts. */
export const isIndexOf = ({ parts }: PartIndex, object: { size: number; parts: number }): boolean =>
  parts.length === object.parts && parts.reduce((sum, { size }) => sum + size, 0) === object.size

/** The size of each part, or undefined where they are not written so. */
function partSizes(kept: unknown): number[] | undefined {
  if (!Array.isArray(kept)) return undefined
  const sizes: number[] = []
  for (const row of kept) {
    const [size, count] = Array.isArray(row) ? row : []
    if (!isCount(size) || !isCount(count) || sizes.length + count > MAX_PARTS) return undefined
    for (let n = 0; n < count; n++) sizes.push(size)
  }
  return sizes
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
