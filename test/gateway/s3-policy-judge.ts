/** A request as S3 judges it. */
export type Asked = {
  /** `root`: of the bucket's owner, as all clients of the gateway; a client's key, another account, or nobody. */
  by: 'root' | 'another' | 'anonymous'
  /** `GetObject`. */
  action: string
  /** Absent: the bucket itself. */
  key?: string | undefined
  /** By condition key, as they are written in S3's documents. */
  context: Readonly<Record<string, string>>
}

type Doc = { Statement: Record<string, unknown>[] }

const list = (value: unknown) => [value].flat() as string[]
const escaped = (text: string) => text.replace(/[.+^${}()|[\]\\]/g, '\\$&')
const like = (pattern: string, text: string, flags = '') =>
  new RegExp(`^${escaped(pattern).replaceAll('*', '.*').replaceAll('?', '.')}$`, `s${flags}`).test(text)

const addressOf = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
const within = (range: string, address: string) => {
  const [base = '', bits = '32'] = range.split('/')
  const size = 2 ** (32 - Number(bits))
  return Math.floor(addressOf(base) / size) === Math.floor(addressOf(address) / size)
}
const time = (text: string) => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text))

const operators: Record<string, (value: string, given: string) => boolean> = {
  StringEquals: (value, given) => value === given,
  StringEqualsIgnoreCase: (value, given) => value.toLowerCase() === given.toLowerCase(),
  StringLike: (value, given) => like(value, given),
  DateEquals: (value, given) => time(given) === time(value),
  DateLessThan: (value, given) => time(given) < time(value),
  DateLessThanEquals: (value, given) => time(given) <= time(value),
  DateGreaterThan: (value, given) => time(given) > time(value),
  DateGreaterThanEquals: (value, given) => time(given) >= time(value),
  Bool: (value, given) => value.toLowerCase() === given.toLowerCase(),
  IpAddress: within,
}

function holds(operator: string, key: string, values: string[], context: Asked['context']): boolean {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1]
  if (operator === 'Null') return values.some((value) => (value === 'true') === (found === undefined))
  const bare = operator.replace(/IfExists$/, '')
  if (bare !== operator && found === undefined) return true
  const positive = bare.replace('NotIp', 'Ip').replace(/^(String|Date)Not/, '$1')
  const match = operators[positive]
  if (match === undefined) throw new Error(`no operator ${operator}`)
  const matched = found !== undefined && values.some((value) => match(value, found))
  return positive === bare ? matched : !matched
}

/**
 * What S3 answers, by its documents alone: an explicit denial before what allows; the bucket owner's root user may all that
 * is not denied, and look after the policy whatever is.
 */
export function isAllowedByS3(policy: string, bucket: string, { by, action, key, context }: Asked): boolean {
  const { Statement } = JSON.parse(policy) as Doc
  const arn = `arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`
  const speaks = Statement.filter((statement) => {
    const { Principal, Action, NotAction, Resource, NotResource, Condition = {} } = statement
    const names = Principal === '*' ? ['*'] : list((Principal as { AWS: unknown }).AWS)
    const isAction = (patterns: unknown) =>
      list(patterns).some((pattern) => pattern === '*' || like(pattern, `s3:${action}`, 'i'))
    const isResource = (patterns: unknown) => list(patterns).some((pattern) => like(pattern, arn))
    return (
      (names.includes('*') || (by === 'root' && names.length > 0)) &&
      (Action === undefined ? !isAction(NotAction) : isAction(Action)) &&
      (Resource === undefined ? !isResource(NotResource) : isResource(Resource)) &&
      Object.entries(Condition as object).every(([operator, tests]) =>
        Object.entries(tests as object).every(([name, values]) =>
          holds(operator, name, list(values).map(String), context),
        ),
      )
    )
  })
  const effects = speaks.map(({ Effect }) => Effect)
  const isKept = by === 'root' && /^(Get|Put|Delete)BucketPolicy$/.test(action)
  if (effects.includes('Deny') && !isKept) return false
  return by === 'root' || effects.includes('Allow')
}
