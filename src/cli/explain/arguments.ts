import { parseArgs } from 'node:util'
import { trimWhitespace } from '../../bytes/whitespace.ts'
import { type HeaderMap, headerMap } from '../../ports.ts'
import { argumentProblem, UsageError } from '../usage-error.ts'
import type { Address } from './facts.ts'

/** Those options of `aws s3api copy-object` that have a name here, by their headers; all others go by `--header`. */
const headersOfOptions: Record<string, string> = {
  'metadata-directive': 'x-amz-metadata-directive',
  'tagging-directive': 'x-amz-tagging-directive',
  tagging: 'x-amz-tagging',
  'storage-class': 'x-amz-storage-class',
  acl: 'x-amz-acl',
  'server-side-encryption': 'x-amz-server-side-encryption',
  'ssekms-key-id': 'x-amz-server-side-encryption-aws-kms-key-id',
  'checksum-algorithm': 'x-amz-checksum-algorithm',
  'content-type': 'content-type',
  'if-match': 'if-match',
  'if-none-match': 'if-none-match',
  'copy-source-if-match': 'x-amz-copy-source-if-match',
  'copy-source-if-none-match': 'x-amz-copy-source-if-none-match',
  'copy-source-if-modified-since': 'x-amz-copy-source-if-modified-since',
  'copy-source-if-unmodified-since': 'x-amz-copy-source-if-unmodified-since',
  'request-payer': 'x-amz-request-payer',
  'expected-bucket-owner': 'x-amz-expected-bucket-owner',
  'expected-source-bucket-owner': 'x-amz-source-expected-bucket-owner',
}

/** Headers that explain sends itself. */
const reservedHeaders = [
  'authorization',
  'host',
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'content-length',
  'transfer-encoding',
]

/** The usage of `explain`, as a part of that of the program. */
export const EXPLAIN_USAGE = `explain copy s3://SOURCE-BUCKET/KEY s3://BUCKET/KEY [options]
                say how a copy would be done, every OSS call it would make, and what the client is answered,
                without writing anything; the exit code is 1 where the copy is refused. Keys are taken literally,
                also ? # % and +.
                  --version-id V          of the source
                  --percent-encoded       the keys are percent-encoded, for what a shell cannot hold
                  --header 'NAME: VALUE'  any header of the request, as often as there are; these have options:
${wrapped(
  Object.keys(headersOfOptions).map((name) => `--${name}`),
  18,
  110,
)}
                  --client ACCESS-KEY-ID  who asks, where the settings have several clients
                  --json                  the same as JSON`

function wrapped(words: readonly string[], indent: number, width: number): string {
  const rows: string[] = []
  for (const word of words) {
    const last = rows.at(-1)
    if (last !== undefined && indent + 2 + last.length + word.length < width)
      rows[rows.length - 1] = `${last} ${word}`
    else rows.push(word)
  }
  return rows.map((row) => ' '.repeat(indent + 2) + row).join('\n')
}

/** The command line as it was understood. */
export type Arguments = {
  source: Address
  destination: Address
  headers: HeaderMap
  client: string | undefined
  json: boolean
}

/**
 * Parses the arguments after `explain`.
 * @returns undefined where help is asked for. @throws UsageError with every mistake.
 */
export function parseArguments(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parsed(args)
  if (values.help === true) return undefined
  const problems: string[] = []
  const once = (name: string) => {
    const given = (values[name] ?? []) as string[]
    if (given.length > 1) problems.push(`--${name} is there ${given.length} times`)
    return given[0]
  }
  const [what, from, to, ...rest] = positionals
  if (what !== 'copy') problems.push('only a copy can be explained: explain copy')
  else if (rest.length > 0)
    problems.push(`a copy has one source and one destination: ${JSON.stringify(rest[0])} is too much`)
  const isEncoded = values['percent-encoded'] === true
  const source = parseAddress(from, 'source', isEncoded, problems)
  const destination = parseAddress(to, 'destination', isEncoded, problems)
  const headers = headerMap()
  const add = (name: string, value: string) => {
    // As in HTTP, blanks around a value are not part of it.
    const trimmed = trimWhitespace(value)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(trimmed)) problems.push(`the header ${name} has a control character`)
    if (name in headers) problems.push(`the header ${name} is there twice`)
    headers[name] = trimmed
  }
  for (const name in headersOfOptions) {
    const value = once(name)
    if (value !== undefined) add(headersOfOptions[name] as string, value)
  }
  for (const line of (values.header ?? []) as string[]) {
    const [, written = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):(.*)$/s.exec(line) ?? []
    const name = written.toLowerCase()
    if (name === '')
      problems.push(`--header ${JSON.stringify(line)}: it must be like 'x-amz-meta-color: red'`)
    else if (reservedHeaders.includes(name)) problems.push(`--header ${name}: explain sends it itself`)
    else add(name, value)
  }
  const versionId = once('version-id')
  const client = once('client')
  if (problems.length > 0) throw new UsageError(problems)
  return { source: { ...source, versionId }, destination, headers, client, json: values.json === true }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string', multiple: true } as const
  const flag = { type: 'boolean' } as const
  const names = [...Object.keys(headersOfOptions), 'version-id', 'header', 'client']
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...Object.fromEntries(names.map((name) => [name, text])),
        'percent-encoded': flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    }) as { values: Record<string, string[] | boolean | undefined>; positionals: string[] }
  } catch (error) {
    throw new UsageError([argumentProblem(error as Error)])
  }
}

function parseAddress(
  url: string | undefined,
  what: string,
  isEncoded: boolean,
  problems: string[],
): Address {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(url ?? '') ?? []
  if (url === undefined) problems.push(`the ${what} is missing: s3://BUCKET/KEY`)
  else if (!url.startsWith('s3://'))
    problems.push(`the ${what} is ${JSON.stringify(url)}: it must be s3://BUCKET/KEY`)
  else if (bucket === '') problems.push(`the ${what} ${JSON.stringify(url)} names no bucket: s3://BUCKET/KEY`)
  else if (key === '') problems.push(`the ${what} ${JSON.stringify(url)} names no key: s3://BUCKET/KEY`)
  if (!isEncoded) return { bucket, key }
  try {
    return { bucket, key: decodeURIComponent(key) }
  } catch {
    problems.push(`the ${what} ${JSON.stringify(url)} is not percent-encoded UTF-8`)
    return { bucket, key }
  }
}
