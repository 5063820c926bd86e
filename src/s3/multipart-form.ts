import type { Body } from '../ports.ts'
import { invalidArgument, S3Error } from './error.ts'

/** A form of a browser upload, read up to its file. */
export type Form = {
  /** The fields before the file, names in lower case; those after it are ignored, as S3 does. */
  fields: Map<string, string>
  fileName: string
  /** Ends only when the form does: throws MalformedPOSTRequest when it is cut short. */
  file: AsyncGenerator<Uint8Array, void, void>
  /** Closes the body, so that the runtime can discard what was not read. */
  close(): void
}

/** S3's limit for everything but the file. */
const MAX_FIELDS_BYTES = 20 * 1024
const MAX_PART_HEADER_BYTES = 4 * 1024
const HEADER_END = Buffer.from('\r\n\r\n')
const headerLine = /^[\w!#$%&'*+.^`|~-]+:[^\r\n]*$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads `multipart/form-data` (RFC 7578) as strictly as a policy needs it to be read: one meaning or none.
 * @throws S3Error PreconditionFailed for another content type, MalformedPOSTRequest,
 * MaxPostPreDataLengthExceededError, InvalidArgument.
 */
export async function readForm(contentType: string | undefined, body: Body): Promise<Form> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`)
  const reader = new FormReader(body, MAX_FIELDS_BYTES)
  try {
    const { fields, fileName } = await readFields(reader, delimiter)
    return { fields, fileName, file: fileOf(reader, delimiter), close: () => reader.close() }
  } catch (error) {
    reader.close()
    throw error
  }
}

/** The fields up to the file. */
async function readFields(reader: FormReader, delimiter: Buffer): Promise<Pick<Form, 'fields' | 'fileName'>> {
  const fields = new Map<string, string>()
  if ((await reader.upTo(delimiter)).length > 0) throw malformed()
  while (await reader.hasPart()) {
    const { name, fileName } = await partHeader(reader)
    if (name === 'file') return { fields, fileName }
    const value = text(await reader.upTo(delimiter))
    // Which of two would the policy be about?
    if (fields.has(name)) throw invalidArgument('A form field must not be given twice.', name)
    fields.set(name, value)
  }
  throw invalidArgument('POST requires exactly one file upload per request.', 'file', '0')
}

async function* fileOf(reader: FormReader, delimiter: Buffer): AsyncGenerator<Uint8Array, void, void> {
  yield* reader.streamTo(delimiter)
  reader.allow(MAX_FIELDS_BYTES)
  while (await reader.hasPart()) {
    if ((await partHeader(reader)).name === 'file') {
      throw invalidArgument('POST requires exactly one file upload per request.', 'file', '2')
    }
    await reader.upTo(delimiter)
  }
}

function boundaryOf(contentType = ''): string {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim())
  if (type.toLowerCase() !== 'multipart/form-data') {
    throw new S3Error('PreconditionFailed', {
      elements: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
    })
  }
  const [boundary, another] = parameters.flatMap((parameter) => {
    const [, quoted, bare] = /^boundary=(?:"([^"]{1,70})"|([^\s"]{1,70}))$/i.exec(parameter) ?? []
    return quoted ?? bare ?? []
  })
  if (boundary === undefined || another !== undefined) throw malformed()
  return boundary
}

async function partHeader(reader: FormReader): Promise<{ name: string; fileName: string }> {
  const lines = text(await reader.upTo(HEADER_END, MAX_PART_HEADER_BYTES)).split('\r\n')
  if (!lines.every((line) => headerLine.test(line))) throw malformed()
  const dispositions = lines.filter((line) => /^content-disposition:/i.test(line))
  const [, disposition = ''] = /^[^:]*:[ \t]*form-data[ \t]*;(.*)$/i.exec(dispositions[0] ?? '') ?? []
  if (dispositions.length !== 1) throw malformed()
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, bare] of disposition.matchAll(
    /(?:^|;)[ \t]*(\w+\*?)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g,
  )) {
    // Which of two would the policy be about?
    if (parameters.has(name.toLowerCase())) throw malformed()
    // Browsers escape a quote as %22; curl escapes with a backslash, and old browsers send whole paths with them.
    parameters.set(name.toLowerCase(), bare ?? quoted?.replace(/\\(["\\])/g, '$1') ?? '')
  }
  const name = parameters.get('name')
  if (!name) throw malformed()
  const path = (parameters.get('filename') ?? '').replaceAll('%22', '"')
  return {
    name: name.toLowerCase(),
    fileName: path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1),
  }
}

const malformed = () => new S3Error('MalformedPOSTRequest')

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new S3Error('MalformedPOSTRequest', { cause })
  }
}

/** The body by its delimiters. */
class FormReader {
  // As if a line had ended before it: so the first delimiter is like all others.
  #held: Buffer = Buffer.from('\r\n')
  #allowed: number
  readonly #source: AsyncIterator<Uint8Array>

  constructor(body: Body, allowed: number) {
    this.#source = body[Symbol.asyncIterator]()
    this.#allowed = allowed
  }

  /** How many bytes may be read into memory from here on. */
  allow(bytes: number): void {
    this.#allowed = bytes
  }

  close(): void {
    // Not waited for: a piece may still be on its way.
    this.#source.return?.().catch(() => {})
  }

  /** What stands before the delimiter; both are taken. */
  async upTo(delimiter: Buffer, limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const most = Math.min(limit, this.#allowed)
    for (;;) {
      const at = this.#held.subarray(0, most + delimiter.length).indexOf(delimiter)
      if (at >= 0) {
        const found = this.#held.subarray(0, at)
        this.#take(at + delimiter.length)
        this.#allowed -= at + delimiter.length
        return found
      }
      if (this.#held.length >= most + delimiter.length) {
        throw limit < this.#allowed ? malformed() : new S3Error('MaxPostPreDataLengthExceededError')
      }
      await this.#more()
    }
  }

  /** What stands before the delimiter, as it comes; the delimiter is taken. */
  async *streamTo(delimiter: Buffer): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const at = this.#held.indexOf(delimiter)
      const sure = at >= 0 ? at : this.#held.length - beginningOf(delimiter, this.#held)
      if (sure > 0) yield this.#take(sure)
      if (at >= 0) {
        this.#take(delimiter.length)
        return
      }
      await this.#more()
    }
  }

  /** After a delimiter: whether another part follows, or `--` ends the form. */
  async hasPart(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more()
    const next = this.#take(2).toString('latin1')
    if (next === '--') return false
    if (next !== '\r\n') throw malformed()
    return true
  }

  #take(size: number): Buffer {
    const taken = this.#held.subarray(0, size)
    this.#held = this.#held.subarray(size)
    return taken
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) throw malformed()
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
  }
}

/** How many of the last bytes may be the delimiter's first: it begins with a line's end, and has no other. */
function beginningOf(delimiter: Buffer, bytes: Buffer): number {
  const tail = bytes.subarray(Math.max(0, bytes.length - delimiter.length + 1))
  const lineEnd = tail.lastIndexOf('\r')
  if (lineEnd < 0) return 0
  const beginning = tail.subarray(lineEnd)
  return delimiter.subarray(0, beginning.length).equals(beginning) ? beginning.length : 0
}
