import { actionsLike } from './policy-actions.ts'
import { invalidSyntax, isObject, malformed } from './policy-json.ts'

/** One line of a statement's conditions, as S3 has them. */
export type S3Condition = {
  /** Without the words before and behind it. */
  operator: string
  /** `ForAllValues`, `ForAnyValue`. */
  quantifier: string | undefined
  /** Whether it holds, too, where the request has no such key. */
  ifExists: boolean
  /** As it is written; case does not matter. */
  key: string
  values: readonly string[]
}

const FORM = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+)$/

/** S3's operators by what their values are. */
const operatorsOf = {
  string: `StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike`,
  numeric: `NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan
    NumericGreaterThanEquals`,
  date: `DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals`,
  bool: 'Bool',
  ip: 'IpAddress NotIpAddress',
  binary: 'BinaryEquals',
  arn: 'ArnEquals ArnLike ArnNotEquals ArnNotLike',
  null: 'Null',
}
/** What the values of an operator are. */
export type Kind = keyof typeof operatorsOf

const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries(operatorsOf).flatMap(([kind, names]) =>
    names.split(/\s+/).map((name) => [name, kind as Kind] as const),
  ),
)

/** What the values of an operator of S3 are; undefined for another word. */
export const kindOf = (operator: string): Kind | undefined => kinds.get(operator)

const ON_LISTS = ['ListBucket', 'ListBucketVersions']
const ON_ACLS = ['PutObject', 'PutObjectAcl', 'PutObjectVersionAcl', 'CreateBucket', 'PutBucketAcl']
const ON_TAGGED = `DeleteObjectTagging DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes
  GetObjectTagging GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes GetObjectVersionTagging
  PutObjectAcl PutObjectTagging PutObjectVersionAcl PutObjectVersionTagging`.split(/\s+/)
const ON_TAGGING = ['PutObject', 'PutObjectTagging', 'PutObjectVersionTagging', 'ReplicateTags']

const ON_VERSIONS = `DeleteObjectVersion DeleteObjectVersionTagging GetObjectVersion GetObjectVersionAcl
  GetObjectVersionAttributes GetObjectVersionTagging GetObjectVersionTorrent PutObjectVersionAcl
  PutObjectVersionTagging`.split(/\s+/)

/** Keys that S3 has with some actions only, in lower case. */
const keysOfActions: Readonly<Record<string, readonly string[]>> = {
  's3:prefix': ON_LISTS,
  's3:delimiter': ON_LISTS,
  's3:max-keys': ON_LISTS,
  's3:x-amz-acl': ON_ACLS,
  's3:existingobjecttag': ON_TAGGED,
  's3:requestobjecttag': ON_TAGGING,
  's3:requestobjecttagkeys': ON_TAGGING,
  's3:versionid': ON_VERSIONS,
}

/** Whether a request for an action can have a key at all. @param key in lower case. @param action as `s3:GetObject`. */
export const hasKey = (key: string, action: string): boolean =>
  !Object.hasOwn(keysOfActions, key) || keysOfActions[key]?.includes(action.replace('s3:', '')) === true

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys */
const S3_KEYS =
  `accessgrantsinstancearn accesspointnetworkorigin authtype dataaccesspointaccount dataaccesspointarn
  if-match if-none-match inventoryaccessibleoptionalfields locationconstraint object-lock-legal-hold object-lock-mode
  object-lock-remaining-retention-days object-lock-retain-until-date objectcreationoperation resourceaccount
  signatureage signatureversion tlsversion x-amz-content-sha256 x-amz-copy-source
  x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write x-amz-grant-write-acp
  x-amz-metadata-directive x-amz-object-ownership x-amz-server-side-encryption
  x-amz-server-side-encryption-aws-kms-key-id x-amz-server-side-encryption-customer-algorithm x-amz-storage-class
  x-amz-website-redirect-location`.split(/\s+/)

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
const GLOBAL_KEYS = `assumedroot calledvia calledviafirst calledvialast chatbotsourcearn currenttime
  ec2instancesourceprivateipv4 ec2instancesourcevpc epochtime federatedprovider multifactorauthage
  multifactorauthpresent principalaccount principalarn principalisawsservice principalorgid principalorgpaths
  principalservicename principalservicenameslist principaltag principaltype referer requestedregion requesttag
  resourceaccount resourceorgid resourceorgpaths resourcetag securetransport sourceaccount sourcearn
  sourceidentity sourceip sourceorgid sourceorgpaths sourceowner sourcevpc sourcevpcarn sourcevpce tagkeys
  tokenissuetime useragent userid username viaawsservice vpceaccount vpceorgid vpceorgpaths vpcsourceip`.split(
  /\s+/,
)

const knownKeys = new Set([
  ...Object.keys(keysOfActions),
  ...S3_KEYS.map((name) => `s3:${name}`),
  ...GLOBAL_KEYS.map((name) => `aws:${name}`),
])

/**
 * The conditions of a statement.
 * @param actions the patterns of its actions; empty where it names none.
 * @throws S3Error MalformedPolicy with S3's texts.
 */
export function parseConditions(conditions: unknown, actions: readonly string[]): S3Condition[] {
  if (!isObject(conditions)) throw invalidSyntax()
  const parsed = Object.entries(conditions).flatMap(([operator, tests]) => {
    const form = parseOperator(operator)
    if (!isObject(tests)) throw invalidSyntax()
    return Object.entries(tests).map(([key, value]) => ({ ...form, key, values: valuesOf(value) }))
  })
  for (const condition of parsed) checkCondition(condition, actions)
  const names = parsed.map(
    ({ quantifier, operator, ifExists, key }) => `${quantifier} ${operator} ${ifExists} ${key.toLowerCase()}`,
  )
  if (new Set(names).size < names.length) throw malformed('A Condition names a key twice')
  return parsed
}

/** @throws S3Error MalformedPolicy. */
function parseOperator(text: string) {
  const [, quantifier, word = ''] = FORM.exec(text) ?? []
  const bare = word.replace(/IfExists$/, '')
  const ifExists = bare !== word
  if (!kinds.has(bare) || (ifExists && bare === 'Null')) throw malformed(`Invalid Condition type : ${text}`)
  return { operator: bare, quantifier, ifExists }
}

/** One value or a list; booleans and numbers may be written without quotes. @throws S3Error MalformedPolicy. */
function valuesOf(value: unknown): string[] {
  return [value].flat().map((one) => {
    if (!['string', 'boolean', 'number'].includes(typeof one)) throw invalidSyntax()
    return String(one)
  })
}

/** @throws S3Error MalformedPolicy. */
function checkCondition({ operator, key, values }: S3Condition, actions: readonly string[]): void {
  const name = key.toLowerCase().replace(/\/.+$/s, '')
  if (!knownKeys.has(name)) throw malformed('Policy has an invalid condition key')
  const only = Object.hasOwn(keysOfActions, name) ? keysOfActions[name] : undefined
  const named = actions.filter((pattern) => !/[*?]/.test(pattern)).flatMap(actionsLike)
  if (only !== undefined && named.some((action) => !only.includes(action.name.replace('s3:', '')))) {
    throw malformed('Conditions do not apply to combination of actions and resources in statement')
  }
  if (name === 'aws:sourceip' && operator !== 'Null' && !values.every(isAddressRange)) {
    throw malformed('Invalid IP address in Conditions')
  }
  const isValue = isValueOf[kindOf(operator) ?? 'string']
  const wrong = isValue && values.find((value) => !isValue(value))
  // With such a value a condition never holds, and a denial lets everybody in.
  if (wrong !== undefined) throw malformed(`Invalid value of ${operator} : ${wrong}`)
}

const isAddress = (text: string) =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)
    ? text.split('.').every((byte) => Number(byte) < 256 && !/^0./.test(byte))
    : text.includes(':') && URL.canParse(`http://[${text}]/`)

const isAddressRange = (value: string) => {
  const [address = '', bits, ...more] = value.split('/')
  const most = address.includes(':') ? 128 : 32
  const isWidth = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  return isWidth && more.length === 0 && isAddress(address)
}

const isTime = (value: string) =>
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(value) ||
  /^\d{1,12}$/.test(value)

const isTruth = (value: string) => /^(?:true|false)$/i.test(value)

const isValueOf: Partial<Record<Kind, (value: string) => boolean>> = {
  numeric: (value) => /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value),
  date: isTime,
  bool: isTruth,
  null: isTruth,
  ip: isAddressRange,
}
