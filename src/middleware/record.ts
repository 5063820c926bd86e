import type { Client } from '../config/index.ts'
import { type RequestRecord, secretNumber } from '../observe/record.ts'
import { findOperation } from '../operations/index.ts'
import type { Operation } from '../operations/operation.ts'
import type { Incoming, Refusal, Reply } from '../ports.ts'
import type { S3Error } from '../s3/error.ts'
import { parseRequest, type S3Request } from '../s3/request.ts'
import { authScheme } from '../s3/signature.ts'

/** What a request names. */
export function recordTarget(record: RequestRecord, request: S3Request): void {
  record.bucket = request.bucket
  record.key = request.key
  record.versionId = request.query.get('versionId')
}

/**
 * Why a request failed; and what it asks for, where that was before it was authenticated and it is an operation.
 * @param domains base domains of virtual-hosted style, by which the request is read again.
 */
export function recordFailed(
  record: RequestRecord,
  { code }: S3Error,
  incoming: Incoming,
  domains: readonly string[],
): void {
  record.errorCode = code
  if (record.operation !== undefined) return
  try {
    record.operation = findOperation(parseRequest(incoming, domains)).name
  } catch {
    // It is none, or cannot be read.
  }
}

/** Whose key has signed. */
export function recordClient(record: RequestRecord, { accessKeyId, session }: Client): void {
  record.accessKeyId = accessKeyId
  record.session = session
}

/** What is known once the signature is verified. @param secret which of the client's has signed, from 0. */
export function recordOperation(
  record: RequestRecord,
  operation: Operation,
  request: S3Request,
  client: Client,
  secret: number,
): void {
  record.operation = operation.name
  // Unsigned, so far: a form's key is known later.
  if (client.accessKeyId === '') return
  recordClient(record, client)
  const scheme = authScheme(request)
  record.signature = {
    version: scheme.startsWith('sigv2') ? 'SigV2' : 'SigV4',
    type: scheme.endsWith('query') ? 'QueryString' : 'AuthHeader',
    secret: secretNumber(client.secretAccessKeys, secret),
  }
}

const contentRange = /\/(\d+)$/

/** What a reply says. @param now milliseconds since the epoch. */
export function recordReply(record: RequestRecord, { status, headers }: Reply, now: number): void {
  record.status = status
  record.turnAroundTime = now - record.time
  record.versionId ??= headers['x-amz-version-id']
  if (record.operation !== 'GetObject' && record.operation !== 'HeadObject') return
  if (status !== 200 && status !== 206) return
  const size = contentRange.exec(headers['content-range'] ?? '')?.[1] ?? headers['content-length']
  if (size !== undefined) record.objectSize = Number(size)
}

/** What was answered instead of a reply. */
export function recordRefusal(record: RequestRecord, { status, code, time }: Refusal): void {
  record.status = status
  record.errorCode = code
  record.turnAroundTime = time - record.time
}
