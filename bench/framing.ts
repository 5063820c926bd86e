import { createHmac, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { sha256 } from '../test/encodings.ts'
import { type Plain, type Signed, signed } from './requests.ts'

/** How the body of an upload is sent: as it is, in signed chunks, or in chunks with a checksum behind them. */
export type Framing = 'plain' | 'signed' | 'trailer'

/** Of the AWS SDKs' chunks the smallest, and of most of them the only size. */
const CHUNK = 64 * 1024
const block = randomBytes(CHUNK)

/** An upload that is ready to be sent, as often as wanted while its signature holds. */
export type Upload = {
  request: Signed
  /** What goes over the wire after the head, in pieces. */
  pieces: readonly Buffer[]
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('hex')

/** @param size bytes of the object, a multiple of the chunk's 64 KiB. */
export function upload(target: string, size: number, framing: Framing): Upload {
  const chunks = size / CHUNK
  if (framing === 'plain') {
    const request = requestOf(target, size, { payload: 'UNSIGNED-PAYLOAD' })
    return { request, pieces: new Array(chunks).fill(block) }
  }
  const chunked = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(size) }
  const sizeLine = CHUNK.toString(16)
  const lineEnd = Buffer.from('\r\n')
  if (framing === 'trailer') {
    const begin = Buffer.from(`${sizeLine}\r\n`)
    const pieces = Array.from({ length: chunks }, () => [begin, block, lineEnd]).flat()
    let checksum = 0
    for (let i = 0; i < chunks; i++) checksum = crc32(block, checksum)
    const value = Buffer.alloc(4)
    value.writeUInt32BE(checksum)
    pieces.push(Buffer.from(`0\r\nx-amz-checksum-crc32:${value.toString('base64')}\r\n\r\n`))
    const request = requestOf(target, lengthOf(pieces), {
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        ...chunked,
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'x-amz-sdk-checksum-algorithm': 'CRC32',
      },
    })
    return { request, pieces }
  }
  const header = (chunkSize: string, signature: string) => `${chunkSize};chunk-signature=${signature}\r\n`
  const length =
    chunks * (header(sizeLine, '').length + 64 + CHUNK + 2) + header('0', '').length + 64 + lineEnd.length
  const request = requestOf(target, length, {
    payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    headers: chunked,
  })
  const { key, timestamp, scope, seed } = request.chunks
  let previous = seed
  const sign = (hash: string) => {
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scope}\n${previous}\n${sha256('')}\n${hash}`
    previous = hmac(key, text)
    return previous
  }
  const hash = sha256(block)
  const pieces = Array.from({ length: chunks }, () => [
    Buffer.from(header(sizeLine, sign(hash))),
    block,
    lineEnd,
  ]).flat()
  pieces.push(Buffer.from(header('0', sign(sha256('')))), lineEnd)
  return { request, pieces }
}

const lengthOf = (pieces: readonly Buffer[]) => pieces.reduce((sum, { length }) => sum + length, 0)

function requestOf(target: string, length: number, rest: Pick<Plain, 'headers' | 'payload'>): Signed {
  const headers = { 'content-type': 'video/mp4', ...rest.headers, 'content-length': String(length) }
  return signed({ ...rest, method: 'PUT', target, headers })
}
