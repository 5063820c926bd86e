import type { Body } from '../ports.ts'
import { OssUnreachable } from './error.ts'

/** Bytes; OSS's documents are smaller. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024

/** Reads a whole body as text. @throws OssUnreachable when it is cut short or larger than any document of OSS. */
export const textOf = async (body: Body): Promise<string> =>
  (wholeOf(body) ?? (await bytesOf(body))).toString('utf8')

/** The whole body, where it has arrived in one piece; else undefined. */
export function wholeOf(body: Body): Buffer | undefined {
  const whole = body.takeWhole?.()
  return whole === undefined || whole instanceof Buffer
    ? whole
    : Buffer.from(whole.buffer, whole.byteOffset, whole.length)
}

/** Reads a whole body. @throws OssUnreachable like {@link textOf}. */
export const bytesOf = async (body: Body): Promise<Buffer> => joined(await piecesOf(body))

/** Joins pieces, which are taken out: a promise that is older than what it resolved with keeps that until V8's next full collection. */
export const joined = (pieces: Uint8Array[]): Buffer => Buffer.concat(pieces.splice(0))

/** Reads a whole body in its pieces. @throws OssUnreachable like {@link textOf}. */
export async function piecesOf(body: Body): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > MAX_TEXT_BYTES) throw new Error(`OSS sent a document of over ${MAX_TEXT_BYTES} bytes`)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new OssUnreachable(`OSS's answer could not be read: ${(cause as Error).message}`, { cause })
  }
  return chunks
}
