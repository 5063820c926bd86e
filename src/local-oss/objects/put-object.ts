import { discardOnRefusal, type ReceivedBody, receiveBody } from '../body.ts'
import { forbidsOverwrite } from '../buckets/overwrite-rules.ts'
import { type BucketCall, type Call, changeObject } from '../call.ts'
import { answerUpload, requestedCallback } from '../callback/call-back.ts'
import { OssError } from '../errors.ts'
import { type HeaderMap, isTrue, type Reply } from '../http.ts'
import type { BucketRecord, Content, VersionRecord } from '../store/records.ts'
import type { Transaction } from '../store/transaction.ts'
import { requestedRetention } from './object-lock.ts'
import { encryptionHeaders, parseObjectProperties } from './object-properties.ts'
import { addVersion, currentVersion, versionHeaders } from './versions.ts'

/** PutObject: the body becomes the key's new version. */
export async function putObject(call: BucketCall): Promise<Reply> {
  const properties = { ...parseObjectProperties(call, call.bucket), ...requestedRetention(call) }
  const callback = requestedCallback(call)
  checkOverwrite(call, call.bucket, call.headers)
  const received = await receiveBody(call)
  const written = await discardOnRefusal(call, received, () =>
    changeObject(call, (transaction, bucket) => {
      checkOverwrite(call, bucket, call.headers)
      const version = addVersion(call.state, transaction, bucket, call.key, {
        ...properties,
        ...normalContent(transaction, received),
        lastModified: call.state.now(),
      })
      const headers = { ...writtenHeaders(bucket, version), 'content-md5': version.md5 ?? '' }
      return { version, reply: { headers } }
    }),
  )
  return answerUpload(call, callback, written)
}

/** Bytes that came in one piece. */
export function normalContent(transaction: Transaction, { staged, md5, crc64 }: ReceivedBody): Content {
  return {
    type: 'Normal',
    size: staged.size,
    etag: md5.toString('hex').toUpperCase(),
    md5: md5.toString('base64'),
    crc64: String(crc64),
    segments: transaction.adopt(staged),
  }
}

/** What is said about a version just written. */
export function writtenHeaders(bucket: BucketRecord, version: VersionRecord): HeaderMap {
  const headers: HeaderMap = {
    etag: `"${version.etag}"`,
    ...versionHeaders(bucket, version),
    ...encryptionHeaders(version),
  }
  if (version.crc64 !== undefined) headers['x-oss-hash-crc64ecma'] = version.crc64
  return headers
}

/**
 * `x-oss-forbid-overwrite: true`, or a rule of the bucket that says so; they mean nothing once a bucket has known versions.
 * @throws OssError FileAlreadyExists, with the EC of the operation.
 */
export function checkOverwrite(
  { state, key, account }: Call,
  bucket: BucketRecord,
  headers: HeaderMap,
  ec?: string,
): void {
  const forbidden =
    isTrue(headers['x-oss-forbid-overwrite']) || forbidsOverwrite(bucket.overwriteRules ?? [], key, account)
  if (forbidden && bucket.versioning === undefined && currentVersion(state, bucket, key) !== undefined) {
    throw new OssError('FileAlreadyExists', { ec })
  }
}
