import { renderXml } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { isoSeconds } from '../document-values.ts'
import { invalidArgument } from '../errors.ts'
import type { Reply } from '../http.ts'
import { type KeyIterator, readPage } from '../lists/list-page.ts'
import { encodeName, parseEncoding, parseLimit, parseListQuery, parseName } from '../lists/list-query.ts'
import { idOfUpload, keyOfUpload, successor, uploadKey, uploadsRange } from '../store/keys.ts'
import type { BucketRecord, UploadRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { readParts, requireUpload } from './multipart.ts'
import { uploadIdOf } from './upload-id.ts'

const MAX_LISTED = 1000

/** ListParts. */
export async function listParts(call: BucketCall): Promise<Reply> {
  const { query, state } = call
  const { storageClass } = requireUpload(call)
  const encoding = parseEncoding(query)
  const maxParts = parseLimit(query, 'max-parts', MAX_LISTED)
  const marker = query.get('part-number-marker') || '0'
  if (!/^\d+$/.test(marker)) {
    throw invalidArgument('part-number-marker must be a number.', 'part-number-marker', marker)
  }
  const parts = (await readParts(state.store, uploadIdOf(call))).filter(
    ({ number }) => number > Number(marker),
  )
  const page = parts.slice(0, maxParts)
  return {
    body: renderXml('ListPartsResult', {
      EncodingType: encoding,
      Bucket: call.bucket.name,
      Key: encodeName(call.key, encoding),
      UploadId: uploadIdOf(call),
      StorageClass: storageClass,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number ?? '',
      MaxParts: maxParts,
      IsTruncated: parts.length > maxParts,
      Part: page.map(({ number, lastModified, etag, size, crc64 }) => ({
        PartNumber: number,
        LastModified: isoSeconds(lastModified),
        ETag: `"${etag}"`,
        HashCrc64ecma: crc64,
        Size: size,
      })),
    }),
  }
}

type FoundUpload = { key: string; uploadId: string; upload: UploadRecord }

/** ListMultipartUploads: by key, then by id. The next markers are the last entry's, be there more or not. */
export async function listMultipartUploads(call: BucketCall): Promise<Reply> {
  const { query, state, bucket } = call
  const maxUploads = parseLimit(query, 'max-uploads', MAX_LISTED)
  const list = { ...parseListQuery(query), maxKeys: maxUploads }
  const keyMarker = parseName(query, 'key-marker') ?? ''
  // Without a key marker OSS ignores the other one.
  const idMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '')
  const iterator = iterateUploads(state.store, bucket, list.prefix, keyMarker, idMarker)
  const { entries, truncated } = await readPage(iterator, list, keyMarker)
  const encode = (name: string) => encodeName(name, list.encoding)
  const last = entries.at(-1)
  const lastUpload = entries.findLast((entry) => 'uploadId' in entry)
  return {
    body: renderXml('ListMultipartUploadsResult', {
      EncodingType: list.encoding,
      Bucket: bucket.name,
      KeyMarker: encode(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: encode(last === undefined ? '' : 'prefix' in last ? last.prefix : last.key),
      NextUploadIdMarker: lastUpload?.uploadId ?? '',
      Delimiter: encode(list.delimiter),
      Prefix: encode(list.prefix),
      MaxUploads: maxUploads,
      IsTruncated: truncated,
      Upload: entries.flatMap((entry) =>
        'prefix' in entry
          ? []
          : {
              Key: encode(entry.key),
              UploadId: entry.uploadId,
              Initiated: isoSeconds(entry.upload.initiated),
            },
      ),
      CommonPrefixes: entries.flatMap((entry) => ('prefix' in entry ? { Prefix: encode(entry.prefix) } : [])),
    }),
  }
}

function iterateUploads(
  store: Store,
  bucket: BucketRecord,
  prefix: string,
  keyMarker: string,
  idMarker: string,
): KeyIterator<FoundUpload> {
  const range = uploadsRange(bucket.id, prefix)
  const cursor = store.cursor(range)
  const behind = uploadKey(bucket.id, keyMarker, idMarker)
  const start = successor(behind)
  if (keyMarker !== '' && Buffer.compare(start, range.gte) > 0) cursor.seek(start)
  return {
    async next() {
      const entry = await cursor.next()
      if (entry === undefined) return undefined
      const upload = JSON.parse(entry[1].toString('utf8')) as UploadRecord
      return { key: keyOfUpload(entry[0], bucket.id), uploadId: idOfUpload(entry[0]), upload }
    },
    skipPrefix: (prefix) => cursor.seek(uploadsRange(bucket.id, prefix).lt),
    close: () => cursor.close(),
  }
}
