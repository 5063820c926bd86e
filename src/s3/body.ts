import type { Body, HeaderMap } from '../ports.ts'
import type { Check, Checks } from './body-checks.ts'
import type { ChunkedDecoder } from './chunked.ts'
import { S3Error } from './error.ts'

/** A body as plain bytes, verified while it is read: once, as `body` or as `whole`. */
export type PlainBody = {
  /**
   * Throws instead of giving its last piece when the bytes are not what was promised, so a request that carries it
   * on with `length` as its Content-Length stays incomplete. Of length 0 there is no piece: read it to its end first.
   */
  body: Body
  /** Instead of `body`: all of it, verified. For what is short. */
  whole(): Promise<Uint8Array>
  /** In bytes; undefined for the file of a form, which ends where the form says so. */
  length: number | undefined
  /** After the body was read: the checksum that was verified, under its header's name, to echo. */
  checksums(): HeaderMap
  /** Why the body threw. Transports wrap what an iterator throws; this is the original. */
  failure(): S3Error | undefined
}

/** How many bytes there may be, and the error for other numbers of them. */
export type Sizes = { least: number; most: number; wrong: (size: number) => S3Error }

/**
 * @param sizes of the plain body.
 * @param decoder takes the framing off, where there is one.
 */
export function verifiedBody(
  source: Body,
  sizes: Sizes,
  { checks, verified }: Checks,
  length: number | undefined,
  decoder?: ChunkedDecoder,
): PlainBody {
  let failure: S3Error | undefined
  const failed = (error: unknown) => {
    if (error instanceof S3Error) failure = error
  }
  return {
    body: streamed(source, decoder, sizes, checks, failed),
    whole: () => verifiedWhole(source, decoder, sizes, checks, failed),
    length,
    checksums: () => verified,
    failure: () => failure,
  }
}

/** Passes the pieces on; what may be the last only when the bytes were as many as allowed and every check held. */
async function* streamed(
  source: Body,
  decoder: ChunkedDecoder | undefined,
  { least, most, wrong }: Sizes,
  checks: readonly Check[],
  failed: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    let held: Uint8Array | undefined
    let size = 0
    for await (const received of source) {
      const piece = decoder === undefined ? received : decoder.decode(received)
      if (piece.length === 0) continue
      size += piece.length
      if (size > most) throw wrong(size)
      for (const { hasher } of checks) hasher.update(piece)
      if (held !== undefined) yield held
      // As long as some must follow it is not the last.
      const isSure = size < least
      held = isSure ? undefined : piece
      if (isSure) yield piece
    }
    decoder?.end()
    if (size < least) throw wrong(size)
    for (const { hasher, verify } of checks) verify(hasher.digest())
    if (held !== undefined) yield held
  } catch (error) {
    failed(error)
    throw error
  }
}

/** The same for a body that is to be at hand: in pieces on its way it costs as much again as its digest. */
async function verifiedWhole(
  source: Body,
  decoder: ChunkedDecoder | undefined,
  sizes: Sizes,
  checks: readonly Check[],
  failed: (error: unknown) => void,
): Promise<Uint8Array> {
  try {
    const bytes = await collected(source, sizes, decoder)
    if (bytes.length < sizes.least) throw sizes.wrong(bytes.length)
    for (const { hasher, verify } of checks) verify(hasher.digestOf(bytes))
    return bytes
  } catch (error) {
    failed(error)
    throw error
  }
}

/** All bytes of a body. */
export async function collected(source: Body, sizes?: Sizes, decoder?: ChunkedDecoder): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  const take = (received: Uint8Array) => {
    const piece = decoder === undefined ? received : decoder.decode(received)
    size += piece.length
    if (sizes !== undefined && size > sizes.most) throw sizes.wrong(size)
    return piece
  }
  const whole = source.takeWhole?.()
  if (whole !== undefined) pieces.push(take(whole))
  else for await (const received of source) pieces.push(take(received))
  decoder?.end()
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}
