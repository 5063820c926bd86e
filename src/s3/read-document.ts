import type { Body } from '../ports.ts'
import { parseXmlInPieces, XmlError, type XmlNode } from '../xml/index.ts'
import { S3Error, type S3ErrorCode } from './error.ts'

/** Bytes of the largest document a client may send; an operation may allow less (operations/document-size.ts). */
const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A body that is a document: its text, empty for an empty body.
 * @param malformed the error of a body that is no UTF-8: with replacement characters it would name another key.
 * @throws S3Error MaxMessageLengthExceeded.
 */
export async function readText(body: Body, malformed: S3ErrorCode = 'MalformedXML'): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_DOCUMENT_BYTES) {
      throw new S3Error('MaxMessageLengthExceeded', {
        elements: { MaxMessageLengthBytes: MAX_DOCUMENT_BYTES },
      })
    }
    chunks.push(chunk)
  }
  try {
    return utf8.decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new S3Error(malformed, { cause })
  }
}

/**
 * A body that is an XML document: its root's children, or undefined for an empty body.
 * @throws S3Error MalformedXML; MaxMessageLengthExceeded.
 */
export async function readDocument(body: Body, root: string): Promise<XmlNode | undefined> {
  const text = await readText(body)
  if (text === '') return undefined
  try {
    const work = parseXmlInPieces(text, root)
    let step = work.next()
    while (step.done !== true) {
      // Between pieces other requests are served: the longest document takes a third of a second.
      await new Promise((resolve) => setTimeout(resolve))
      step = work.next()
    }
    return step.value
  } catch (cause) {
    throw cause instanceof XmlError ? new S3Error('MalformedXML', { cause }) : cause
  }
}
