import { MAX_KEY_BYTES } from '../s3/limits.ts'
import { isBucketName } from '../s3/request.ts'
import { s3StorageClasses } from '../translate/storage-class.ts'
import type { Document } from './document-schema.ts'
import { isIp, keyIdProblem, parseWhole, secretProblem } from './values.ts'

/** What a bucket's name has to be, for messages. */
export const BUCKET_RULE =
  'a bucket of OSS has 3 to 63 lower-case letters, digits and -, and neither begins nor ends with -'
/** Including those for which OSS has no equal, unless the settings name one. */
const allClasses = [...s3StorageClasses, 'EXPRESS_ONEZONE', 'OUTPOSTS', 'SNOW', 'FSX_OPENZFS', 'FSX_ONTAP']

/**
 * What is wrong with a document whose form is right, a line each.
 * @param raw what was written, without the defaults.
 */
export function checkDocument(document: Document, raw: object): string[] {
  return [
    ...document.clients.flatMap((client, i) => [
      ...checkClient(client, `clients.${i}.`),
      ...checkShare(client, `clients.${i}.limits.inFlight`, document.limits.inFlight),
    ]),
    ...checkAnonymous(document),
    ...checkSts(document.sts),
    ...checkAcl(document.acl),
    ...Object.entries(document.accessPoints).flatMap(([name, bucket]) => checkAccessPoint(name, bucket)),
    ...Object.keys(document.storageClass.map)
      .filter((name) => !allClasses.includes(name))
      .map((name) => `storageClass.map.${name}: S3 has no such class; it has ${allClasses.join(', ')}`),
    ...document.trustedProxies.flatMap((network, i) => networkProblem(network, `trustedProxies.${i}`)),
    ...accessLogProblem(document.accessLog.to),
    ...(document.storeChecksums && !document.storeParts
      ? ['storeChecksums: they are kept with the parts: storeParts must be true']
      : []),
    ...contradictions(document, raw),
  ]
}

function networkProblem(network: string, path: string): string[] {
  const [address = '', prefix, ...more] = network.split('/')
  const length = prefix === undefined ? 0 : parseWhole(prefix)
  const isRight = isIp(address) && !address.includes('%') && more.length === 0
  if (isRight && length !== undefined && length <= (address.includes(':') ? 128 : 32)) return []
  return [`${path}: ${JSON.stringify(network)}: it must be an address, or a network such as 10.0.0.0/8`]
}

/** A bucket, and the prefix of keys in it, that the access log is delivered to. */
export const ACCESS_LOG_BUCKET = /^oss:\/\/([^/]+)(?:\/(.*))?$/

/** Standard output by the name of a file. It may be a socket, which no file can be opened by. */
const STDOUT_FILE = /^\/(?:dev\/(?:stdout|fd\/1)|proc\/self\/fd\/1)$/

function accessLogProblem(to: string): string[] {
  if (STDOUT_FILE.test(to)) return [`accessLog.to: ${to}: write stdout for standard output`]
  if (to === 'off' || to === 'stdout' || /^\/.*[^/]$/.test(to)) return []
  const [, bucket, prefix = ''] = ACCESS_LOG_BUCKET.exec(to) ?? []
  if (bucket !== undefined) {
    if (!isBucketName(bucket)) return [`accessLog.to: ${JSON.stringify(bucket)} is no bucket: ${BUCKET_RULE}`]
    const problem = prefix === '' ? undefined : prefixProblem(prefix)
    return problem === undefined ? [] : [`accessLog.to: ${problem}`]
  }
  return [
    `accessLog.to: ${JSON.stringify(to)}: it must be off, stdout, the absolute path of a file, or oss://BUCKET/PREFIX`,
  ]
}

function checkClient(client: Document['clients'][number], path: string): string[] {
  const problems: string[] = []
  const add = (name: string, problem: string | undefined) => {
    if (problem !== undefined) problems.push(`${path}${name}: ${problem}`)
  }
  const { accessKeyId, buckets = [], prefixes = [], operations } = client
  add('accessKeyId', keyIdProblem(accessKeyId))
  problems.push(...checkSecrets(client, path))
  problems.push(...checkBuckets(buckets, `${path}buckets.`, patternProblem))
  for (const [i, prefix] of prefixes.entries()) {
    if (prefixes.indexOf(prefix) < i) add(`prefixes.${i}`, `${JSON.stringify(prefix)} is there twice`)
    else add(`prefixes.${i}`, prefixProblem(prefix))
  }
  if (operations?.length === 0) add('operations', 'it is empty, which would be a client that can do nothing')
  for (const [i, kind] of (operations ?? []).entries())
    if (operations?.indexOf(kind) !== i) add(`operations.${i}`, `${kind} is there twice`)
  return problems
}

function checkShare({ limits }: Document['clients'][number], path: string, inFlight: number): string[] {
  if ((limits?.inFlight ?? 0) <= inFlight) return []
  return [`${path} is more than limits.inFlight (${inFlight}), and so could never be reached`]
}

const MAX_SECRETS = 2
/** Nobody signs with it, so that it can be long: whoever guesses it has the keys of all sessions. */
const MIN_STS_SECRET = 32

/** What is wrong with a secret that keys of sessions are made of, or undefined; never quotes it. */
export const stsSecretProblem = (secret: string): string | undefined =>
  secretProblem(secret) ??
  (secret.length < MIN_STS_SECRET ? `it has fewer than ${MIN_STS_SECRET} characters` : undefined)

function checkSts(sts: Document['sts']): string[] {
  if (sts === undefined) return []
  const { secrets, secretsFile } = sts
  if (secretsFile === '') return ['sts.secretsFile: it is empty']
  if (secrets === undefined) return []
  if (secretsFile !== undefined) return ['sts.secretsFile: there are secrets as well: leave one of them out']
  if (secrets.length === 0 || secrets.length > MAX_SECRETS)
    return [`sts.secrets: it must be one secret or ${MAX_SECRETS}: the new one and the old`]
  if (secrets[0] === secrets[1]) return ['sts.secrets: the same secret is there twice']
  return secrets.flatMap((secret, i) => {
    const problem = stsSecretProblem(secret)
    return problem === undefined ? [] : [`sts.secrets.${i}: ${problem}`]
  })
}

function checkSecrets(
  { secretAccessKey: one, secretAccessKeys: several, secretAccessKeyFile: file }: Document['clients'][number],
  path: string,
): string[] {
  if (file === '') return [`${path}secretAccessKeyFile: it is empty`]
  if (file !== undefined && (one ?? several) !== undefined)
    return [`${path}secretAccessKeyFile: there is a secret as well: leave one of them out`]
  if (file !== undefined) return []
  if (one !== undefined && several !== undefined)
    return [
      `${path}secretAccessKeys: there is a secretAccessKey as well: list both secrets, or leave one out`,
    ]
  if (several !== undefined && (several.length === 0 || several.length > MAX_SECRETS))
    return [`${path}secretAccessKeys: it must be one secret or ${MAX_SECRETS}: the new one and the old`]
  if (several !== undefined && several.length === MAX_SECRETS && several[0] === several[1])
    return [`${path}secretAccessKeys: the same secret is there twice`]
  const named =
    several === undefined
      ? [['secretAccessKey', one ?? ''] as const]
      : several.map((secret, i) => [`secretAccessKeys.${i}`, secret] as const)
  return named.flatMap(([name, secret]) => {
    const problem = secret === '' ? 'it is empty' : secretProblem(secret)
    return problem === undefined ? [] : [`${path}${name}: ${problem}`]
  })
}

function checkAnonymous({ anonymous, anonymousBuckets }: Document): string[] {
  if (anonymousBuckets === undefined) return []
  if (anonymous === 'deny') return ['anonymousBuckets: it means nothing without anonymous: forward']
  if (anonymousBuckets.length === 0)
    return ['anonymousBuckets: it is empty, which would be no bucket: anonymous: deny says that']
  return checkBuckets(anonymousBuckets, 'anonymousBuckets.', noPattern)
}

function checkAcl(acl: Document['acl']): string[] {
  if (acl.default !== 'inherit' || acl.ownership !== 'BucketOwnerEnforced') return []
  return [
    "acl.default: inherit gives objects their bucket's ACL, and acl.ownership: BucketOwnerEnforced none",
  ]
}

/** @param otherwise what is wrong with what is no bucket's name. */
function checkBuckets(
  buckets: readonly string[],
  path: string,
  otherwise: (name: string) => string | undefined,
): string[] {
  return buckets.flatMap((bucket, i) => {
    const problem = isBucketName(bucket) ? undefined : otherwise(bucket)
    if (problem !== undefined) return [`${path}${i}: ${problem}`]
    return buckets.indexOf(bucket) < i ? [`${path}${i}: ${bucket} is there twice`] : []
  })
}

const noPattern = (name: string) =>
  `${JSON.stringify(name)} is no bucket: ${BUCKET_RULE}; there are no wildcards`

/** What is wrong with a beginning of bucket names, as in `team-*`. */
function patternProblem(name: string): string | undefined {
  if (name === '*') return '"*" is every bucket: leave buckets out for that'
  if (/^[a-z0-9][a-z0-9-]{0,61}\*$/.test(name)) return undefined
  return `${JSON.stringify(name)} is no bucket: ${BUCKET_RULE}; several are named by their beginning and a * at its end`
}

/** What is wrong with a beginning of keys, or undefined. */
export function prefixProblem(prefix: string): string | undefined {
  if (prefix === '') return 'it is empty, which would be every key: leave prefixes out for that'
  if (/^[/\\]/.test(prefix)) return `${JSON.stringify(prefix)}: no key begins with a slash or a backslash`
  if (prefix.includes('*')) return `${JSON.stringify(prefix)}: a prefix has no wildcard: leave the * out`
  if (/^(?:s3|oss|https?|arn):/i.test(prefix))
    return `${JSON.stringify(prefix)}: a prefix is the beginning of a key, without its bucket`
  if (new TextEncoder().encode(prefix).length > MAX_KEY_BYTES)
    return `it has more than ${MAX_KEY_BYTES} bytes`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(prefix)) return 'it has control characters in it'
  return undefined
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules.html */
function checkAccessPoint(name: string, bucket: string): string[] {
  const problems: string[] = []
  if (!/^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/.test(name))
    problems.push(`accessPoints.${name}: an access point's name has 3 to 50 lower-case letters, digits and -`)
  if (!isBucketName(bucket))
    problems.push(`accessPoints.${name}: ${JSON.stringify(bucket)} is no bucket: ${BUCKET_RULE}`)
  return problems
}

/** Pairs of settings of which the first must not exceed the second. */
const orderedLimits: readonly (readonly [small: string, large: string])[] = [
  ['limits.waitingTime', 'timeouts.client.total'],
  ['timeouts.client.headers', 'timeouts.client.total'],
  ['timeouts.client.idle', 'timeouts.client.total'],
  ['timeouts.oss.connect', 'timeouts.oss.total'],
  ['timeouts.oss.headers', 'timeouts.oss.total'],
  ['timeouts.oss.idle', 'timeouts.oss.total'],
  ['copy.timeout', 'timeouts.oss.total'],
  ['copy.keepAliveAfter', 'timeouts.client.total'],
  ['copy.partSize', 'copy.maxSize'],
]

function contradictions(document: Document, raw: object): string[] {
  return orderedLimits.flatMap(([small, large]) => {
    if (valueAt(raw, small) === undefined) return []
    if ((valueAt(document, small) as number) <= (valueAt(document, large) as number)) return []
    return [
      `${small} is more than ${large}${valueAt(raw, large) === undefined ? ` (${valueAt(document, large)} by default)` : ''}, and so could never be reached`,
    ]
  })
}

const valueAt = (tree: object, path: string): unknown =>
  path.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], tree)
