import { isUtf8 } from 'node:buffer'
import { OssError } from '../errors.ts'
import type { Bytes } from '../http.ts'
import { MultipartReader, malformedForm } from './multipart-reader.ts'

/** A form upload, read up to its file. */
export type Form = {
  /** The fields before the file, by name in lower case; those after it are not looked at. */
  fields: ReadonlyMap<string, string>
  fileName: string
  /** The `Content-Type` of the file's part. */
  fileType: string | undefined
  /** Its end comes with the form's: then the form is whole. */
  file: Bytes
  /** Leaves what was not read to the runtime. */
  close: () => void
}

/** OSS's limit of a field (its page on HTTP 400: FieldItemTooLong). */
const MAX_FIELD = 8 * 1024
/** Of all fields before the file; OSS's number is not documented. */
const MAX_FIELDS = 1024 * 1024
const MAX_HEAD = 8 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')

const fieldTooLong = () => new OssError('FieldItemTooLong')
const tooManyFiles = () => new OssError('IncorrectNumberOfFilesInPOSTRequest')

/**
 * Reads `multipart/form-data` (RFC 7578) up to the field `file`.
 * @throws OssError RequestIsNotMultiPartContent, MalformedPOSTRequest, FieldItemTooLong,
 * MaxPOSTPreDataLengthExceededError, IncorrectNumberOfFilesInPOSTRequest.
 */
export async function readForm(contentType: string | undefined, body: Bytes): Promise<Form> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`)
  const reader = new MultipartReader(body)
  try {
    return await readFields(reader, delimiter)
  } catch (cause) {
    reader.close()
    throw cause
  }
}

async function readFields(reader: MultipartReader, delimiter: Buffer): Promise<Form> {
  const fields = new Map<string, string>()
  let size = 0
  // What stands before the first delimiter is a comment.
  await reader.upTo(delimiter, MAX_HEAD, malformedForm)
  while (await reader.hasPart()) {
    const { name, fileName, type } = await readHead(reader)
    if (name === 'file') {
      const file = fileOf(reader, delimiter)
      return { fields, fileName, fileType: type, file, close: () => reader.close() }
    }
    const value = utf8(await reader.upTo(delimiter, MAX_FIELD, fieldTooLong))
    size += name.length + value.length
    if (size > MAX_FIELDS) throw new OssError('MaxPOSTPreDataLengthExceededError')
    // Which of two is meant is not documented.
    if (fields.has(name)) throw malformedForm()
    fields.set(name, value)
  }
  throw tooManyFiles()
}

async function* fileOf(reader: MultipartReader, delimiter: Buffer): Bytes {
  yield* reader.through(delimiter)
  while (await reader.hasPart()) {
    if ((await readHead(reader)).name === 'file') throw tooManyFiles()
    await reader.upTo(delimiter, MAX_FIELD, fieldTooLong)
  }
  await reader.drain()
}

/** RFC 2046, 5.1.1. */
const MAX_BOUNDARY = 70

function boundaryOf(contentType = ''): string {
  if (!/^multipart\/form-data\s*(;|$)/i.test(contentType)) throw new OssError('RequestIsNotMultiPartContent')
  const boundary = parametersOf(contentType).get('boundary')
  if (!boundary || boundary.length > MAX_BOUNDARY) throw malformedForm()
  return boundary
}

type Head = { name: string; fileName: string; type: string | undefined }

async function readHead(reader: MultipartReader): Promise<Head> {
  const lines = utf8(await reader.upTo(HEAD_END, MAX_HEAD, malformedForm)).split('\r\n')
  const value = (wanted: string) => {
    const line = lines.find((one) => one.toLowerCase().startsWith(`${wanted}:`))
    return line?.slice(wanted.length + 1).trim()
  }
  const disposition = value('content-disposition') ?? ''
  const parameters = parametersOf(disposition)
  const name = parameters.get('name')
  if (!/^form-data\s*;/i.test(disposition) || !name) throw malformedForm()
  const path = parameters.get('filename') ?? ''
  // Old browsers send whole paths.
  const fileName = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return { name: name.toLowerCase(), fileName, type: value('content-type') }
}

/** The parameters of a header, which browsers quote with `%22` for a quote, and curl with a backslash before it. */
function parametersOf(header: string): Map<string, string> {
  const parameters = new Map<string, string>()
  const start = header.indexOf(';')
  let rest = start < 0 ? '' : header.slice(start)
  for (;;) {
    const [whole, name, quoted, bare = ''] =
      /^;\s*([^\s;="]+)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s";]*))\s*/.exec(rest) ?? []
    if (whole === undefined || name === undefined) return parameters
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"') ?? bare)
    rest = rest.slice(whole.length)
  }
}

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformedForm()
  return bytes.toString('utf8')
}
