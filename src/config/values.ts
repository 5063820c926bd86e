import * as v from 'valibot'

/** Digits, nothing else: `1e3`, `0x10`, `10.0`, `+1` and `010` are no whole numbers. @returns undefined when it is none. */
export function parseWhole(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
}

/** What a size may be, for messages. */
export const SIZE = 'bytes, or a whole number with its unit: 128MiB, 1GiB, 5GB'

/** `10485760`, `128MiB`, `5GB` (decimal). @returns bytes; undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const [, digits = '', unit = 'B'] = /^(\d+)([A-Za-z]+)?$/.exec(text) ?? []
  const count = parseWhole(digits)
  const factor = Object.hasOwn(sizeUnits, unit) ? sizeUnits[unit] : undefined
  if (count === undefined || factor === undefined) return undefined
  return Number.isSafeInteger(count * factor) ? count * factor : undefined
}

const timeUnits: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }

/** What a time may be, for messages. */
export const TIME = 'seconds, or a number with its unit: 500ms, 10s, 5m, 2h'

/** `30`, `0.5`, `500ms`, `10s`, `5m`, `2h`. @returns seconds; undefined when it is no time. */
export function parseSeconds(text: string): number | undefined {
  const [, number, unit = 's'] = /^((?:0|[1-9]\d{0,9})(?:\.\d{1,6})?)(ms|s|m|h)?$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * (timeUnits[unit] as number)
}

/** An IPv4 address with four decimal numbers, or an IPv6 address without brackets (a zone may follow). */
export function isIp(text: string): boolean {
  if (/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text))
    return text.split('.').every((part) => (parseWhole(part) ?? 256) < 256)
  const [, address] = /^([\da-f:.]+)(?:%[\w.-]+)?$/i.exec(text) ?? []
  return address?.includes(':') === true && URL.canParse(`http://[${address}]/`)
}

/** A name that DNS can have. Its last label is no number, or it would be read as an address. */
export function isHostName(text: string): boolean {
  const labels = text.split('.')
  return (
    text.length <= 253 &&
    labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) &&
    !/^(?:\d+|0x[\da-f]*)$/i.test(labels.at(-1) as string)
  )
}

/** Whether only this machine can reach it. */
export const isLoopback = (host: string) =>
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|\[?::ffff:127\.\d+\.\d+\.\d+\]?)$/i.test(host)

/** What documents and templates have in place of a value. */
const PLACEHOLDER = /^(?:\$\{.*\}|\$\(.*\)|\{\{.*\}\}|<.*>|\.{3,}|…)$/
const UNFILLED = 'nobody has put the value in for the placeholder'

/** What is wrong with an access key's id, or undefined. */
export function keyIdProblem(id: string): string | undefined {
  if (PLACEHOLDER.test(id)) return UNFILLED
  if (/^[A-Za-z0-9][A-Za-z0-9._@~-]{0,127}$/.test(id)) return undefined
  return 'an access key id has 1 to 128 letters, digits and . _ - @ ~, and no blank, slash, colon or quotation mark'
}

/** What is wrong with the id of a key at OSS, or undefined. */
export const ossKeyIdProblem = (id: string) =>
  /^(?:AKIA|ASIA)[A-Z0-9]{16}$/.test(id)
    ? "that is a key of AWS's, and OSS needs one of its own"
    : keyIdProblem(id)

/** What is wrong with a secret, or undefined; never quotes it. */
export function secretProblem(secret: string): string | undefined {
  if (PLACEHOLDER.test(secret)) return UNFILLED
  if (/^'.*'$|^".*"$/s.test(secret)) return 'it stands in quotation marks that are part of it: leave them out'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\s\u0000-\u001f\u007f]|\p{Cf}/u.test(secret))
    return 'it has blanks, control characters or characters without a width in it'
  if (/^(?:LTAI|STS\.)[A-Za-z0-9]{10,}$/.test(secret))
    return 'it is the id of an access key: id and secret are swapped'
  return undefined
}

/** A value in quotation marks, for messages. Of a URL with keys or a signature in it, only scheme and host. */
export function redacted(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(text) ?? []
  const authority = /^[^/?#\\]*/.exec(rest)?.[0] ?? ''
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const part = host.length < authority.length || /[?#]/.test(rest) ? `${scheme}${host}…` : text
  return JSON.stringify(part.length > 200 ? `${part.slice(0, 200)}…` : part)
}

/** A text of the document that a parser reads, within limits. @param what it must be, for the message. */
export const parsed = (
  parse: (text: string) => number | undefined,
  least: number,
  most: number,
  what: string,
) =>
  v.pipe(
    v.string(`it must be ${what}`),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value)
      if (value !== undefined && value >= least && value <= most) return value
      addIssue({ message: `it must be ${what}, not ${JSON.stringify(dataset.value.slice(0, 50))}` })
      return NEVER
    }),
  )
