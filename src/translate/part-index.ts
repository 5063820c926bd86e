/** A part of an object: its size in bytes and its checksum, base64, by the algorithm of the object's. */
export type IndexedPart = { size: number; checksum?: string | undefined }

/** A checksum of an object: `CRC32`, `COMPOSITE`, `…-3`. */
export type IndexedChecksum = { algorithm: string; type: string; value: string }

/** What is kept of an object that was uploaded in parts: OSS keeps how many there were, S3 tells of each. */
export type PartIndex = {
  /** OSS's id of the upload: while there is such an upload, its object may still be to come. */
  uploadId: string
  /** In the order of the object. */
  parts: readonly IndexedPart[]
  /** Where it is known, so are those of all the parts. */
  checksum?: IndexedChecksum | undefined
  /** Of the object whose the checksum is: other bytes of the same MD5 can be made. */
  mark?: string | undefined
}

const VERSION = 1
/** S3 and OSS take no more. */
const MAX_PARTS = 10_000

/** The index as its document. Parts of equal size that follow each other are written once, with their number. */
export function renderPartIndex({ uploadId, parts, checksum, mark }: PartIndex): string {
  const sizes: [size: number, count: number][] = []
  for (const { size } of parts) {
    const last = sizes.at(-1)
    if (last?.[0] === size) last[1]++
    else sizes.push([size, 1])
  }
  const { algorithm, type, value } = checksum ?? {}
  const ofParts = parts.map((part) => part.checksum)
  return JSON.stringify({
    version: VERSION,
    uploadId,
    sizes,
    ...(checksum === undefined ? {} : { mark, checksum: { algorithm, type, value, ofParts } }),
  })
}

/** An index as it was kept, or undefined for what is none: it is as good as not there. */
export const parsePartIndex = (text: string): PartIndex | undefined => parse(text, true)

/** Bytes of an index that are read first: all of it, but of an object in hundreds of parts with checksums. */
export const INDEX_HEAD = 8192
const OF_PARTS = '"ofParts":['

/**
 * The beginning of an index as it was rendered, with all but the checksums of the parts, which stand last.
 * @returns the index without those, and where each of them stands in the document; undefined for what is no such beginning.
 */
export function parseIndexHead(
  text: string,
): { index: PartIndex; placeOf: (number: number) => { first: number; last: number } } | undefined {
  const at = text.indexOf(OF_PARTS)
  const start = at + OF_PARTS.length
  const index = at < 0 ? undefined : parse(`${text.slice(0, start)}]}}`, false)
  // All are of one algorithm, and so of one length.
  const width = /^"[A-Za-z0-9+/]{1,86}={0,2}"/.exec(text.slice(start))?.[0].length
  if (index === undefined || width === undefined) return undefined
  const placeOf = (number: number) => {
    const first = start + (number - 1) * (width + 1)
    return { first, last: first + width - 1 }
  }
  return { index, placeOf }
}

/** A part's checksum as it stands in the document, or undefined for what is none. */
export const parsePartChecksum = (text: string): string | undefined =>
  /^"([A-Za-z0-9+/]{1,86}={0,2})"$/.exec(text)?.[1]

/** @param isWhole false: the checksums of the parts are not in it. */
function parse(text: string, isWhole: boolean): PartIndex | undefined {
  const kept = parsedObject(text)
  if (kept?.version !== VERSION || typeof kept.uploadId !== 'string') return undefined
  const sizes = partSizes(kept.sizes)
  if (sizes === undefined) return undefined
  const { uploadId, checksum, mark } = kept
  if (checksum === undefined) return { uploadId, parts: sizes.map((size) => ({ size })) }
  if (!isChecksum(checksum)) return undefined
  const { algorithm, type, value, ofParts } = checksum
  if (isWhole && ofParts.length !== sizes.length) return undefined
  const parts = sizes.map((size, at) => (isWhole ? { size, checksum: ofParts[at] as string } : { size }))
  const own = typeof mark === 'string' ? mark : undefined
  return { uploadId, parts, checksum: { algorithm, type, value }, mark: own }
}

/** Every text becomes a header's value, and the algorithm part of its name. */
function isChecksum(kept: unknown): kept is IndexedChecksum & { ofParts: string[] } {
  if (typeof kept !== 'object' || kept === null) return false
  const { algorithm, type, value, ofParts } = kept as Record<string, unknown>
  if (!Array.isArray(ofParts) || (type !== 'COMPOSITE' && type !== 'FULL_OBJECT')) return false
  const isText = (text: unknown, form: RegExp) => typeof text === 'string' && form.test(text)
  const base64 = /^[A-Za-z0-9+/]{1,86}={0,2}$/
  return (
    isText(algorithm, /^[A-Z0-9]{3,9}$/) &&
    isText(value, /^[A-Za-z0-9+/]{1,86}={0,2}(?:-\d{1,5})?$/) &&
    ofParts.every((text) => isText(text, base64))
  )
}

/** An index as far as it is true of the object: checksums are those of the object with their mark alone. */
export function indexOfMarked(index: PartIndex, mark: string | undefined): PartIndex {
  if (index.checksum === undefined || (mark !== undefined && mark === index.mark)) return index
  return { uploadId: index.uploadId, parts: index.parts.map(({ size }) => ({ size })) }
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
