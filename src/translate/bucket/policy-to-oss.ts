import { S3Error } from '../../s3/error.ts'
import { type Action, actionsLike, actionsUnlike, EVERYTHING, isEverything } from './policy-actions.ts'
import { type OssConditions, toOssConditions, Unsayable } from './policy-conditions.ts'
import { EVERYONE, levelOf, parseStatements, type Statement } from './policy-grammar.ts'

/** What of a gateway decides whom OSS judges by a policy. */
export type PolicySetting = {
  /** Whether the settings limit a client in the bucket, by its access key id; undefined: it is none. */
  isLimited: (accessKeyId: string) => boolean | undefined
  /** Whether clients reach the gateway, and the gateway reaches OSS, by HTTPS alone. */
  encrypted: boolean
  /** Whether unsigned requests for the bucket reach OSS through the gateway. */
  forwardsUnsigned: boolean
}

/** A statement as it is written to OSS. */
export type OssStatement = {
  Effect: string
  Action: readonly string[]
  Principal: string[]
  Resource: readonly string[]
  Condition?: OssConditions
}

/** Bytes that a policy must stay below, and the most of one member of a statement (EC 0030-00000001, 0030-00000003). */
const MAX_OSS_POLICY_BYTES = 16 * 1024
const MAX_OSS_MEMBER_BYTES = 4095

/**
 * A condition that always holds: without one OSS takes a statement about everyone to be about all but the bucket's owner
 * (its page on bucket policies), and S3 does not.
 */
export const ALWAYS: OssConditions = { DateGreaterThan: { 'acs:CurrentTime': ['1970-01-01T00:00:00Z'] } }

/** By whom OSS's keys are named; the gateway's clients have keys that OSS does not know. */
export const ACCESS_KEY = { operator: 'StringEquals', key: 'acs:AccessId' }

/** What S3 keeps for the root user of the bucket's owner, whatever a policy denies. */
const KEPT_FOR_OWNER = ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy']

/** What the gateway asks OSS for where S3 has no name that is that alone: HeadBucket is part of ListBucket there. */
const NAMELESS = ['oss:GetBucketInfo']

/**
 * A bucket policy of S3 in OSS's grammar: only what means the same in both. The labels `Id` and `Sid` have no effect
 * and no place in OSS.
 * @param bucket the policy's own: it must speak of no other.
 * @throws S3Error MalformedPolicy; NotImplemented naming the statement that OSS cannot say.
 */
export function toOssPolicy(text: string, bucket: string, setting: PolicySetting): string {
  const statements = parseStatements(text, bucket, isClientOf(setting))
  const Statement = statements.flatMap((statement, at) =>
    sayable(`Statement ${statement.sid ?? at + 1}`, () => toOssStatements(statement, setting)),
  )
  const policy = JSON.stringify({ Version: '1', Statement })
  if (Buffer.byteLength(policy) >= MAX_OSS_POLICY_BYTES) {
    throw notSayable(
      'The policy',
      `in OSS's words it has the ${MAX_OSS_POLICY_BYTES} bytes that OSS does not take`,
    )
  }
  return policy
}

/** Whether a name is that of one of the gateway's clients. */
export const isClientOf =
  ({ isLimited }: PolicySetting) =>
  (name: string) =>
    isLimited(name) !== undefined

/** What `say` gives. @throws S3Error NotImplemented that says of what it cannot be said, and why. */
export function sayable<Said>(what: string, say: () => Said): Said {
  try {
    return say()
  } catch (error) {
    throw error instanceof Unsayable ? notSayable(what, error.message) : error
  }
}

/** S3's error for what the other side has no words for. */
export const notSayable = (what: string, why: string) =>
  new S3Error('NotImplemented', { message: `${what} cannot be said: ${why}` })

/** A statement of S3 in OSS's words, which may need two. @throws Unsayable. */
export function toOssStatements(statement: Statement, setting: PolicySetting): OssStatement[] {
  const { effect, principal, action, resource, conditions } = statement
  for (const [name, { not }] of [
    ['NotPrincipal', principal],
    ['NotResource', resource],
  ] as const) {
    if (not) throw new Unsayable(`OSS has nothing like ${name}`)
  }
  const clients = clientsOf(statement, setting)
  const isAboutEveryone = clients.length === 0
  const levels = new Set(resource.values.map(levelOf))
  const all = action.not ? actionsUnlike(action.values) : action.values.flatMap(actionsLike)
  const actions = all.filter(({ level }) => levels.has(level))
  checkActions(action, actions)
  const said = toOssConditions(conditions, {
    effect,
    actions,
    // What the gateway signs may all that is not denied.
    throughGateway: {
      signed: isAboutEveryone && effect === 'Deny',
      unsigned: isAboutEveryone && setting.forwardsUnsigned,
    },
    encrypted: setting.encrypted,
  })
  const Resource = [...new Set(resource.values.map(toOssResource))]
  const whole = !action.not && action.values.some(isEverything)
  const written = (Action: readonly string[], Condition: OssConditions): OssStatement =>
    checked({
      Effect: effect,
      Action: [...new Set(Action)],
      Principal: ['*'],
      Resource,
      ...(Object.keys(Condition).length > 0 && { Condition }),
    })
  const names = (some: readonly Action[]) => some.flatMap(({ oss }) => oss)
  if (!isAboutEveryone) {
    const { operator, key } = ACCESS_KEY
    const named = { ...said, [operator]: { ...said[operator], [key]: clients } }
    return [written(whole ? [EVERYTHING.oss] : names(actions), named)]
  }
  const kept = actions.filter(({ name }) => KEPT_FOR_OWNER.includes(name))
  const isKept = effect === 'Deny' && kept.length > 0
  if (!isKept) {
    const Condition = effect === 'Deny' && Object.keys(said).length === 0 ? ALWAYS : said
    return [written(whole ? [EVERYTHING.oss] : names(actions), Condition)]
  }
  if (Object.keys(said).length > 0) {
    // Where those are taken, the gateway speaks to OSS by HTTPS: such a denial leaves it the policy.
    const isOfPlainHttp = conditions.some(
      ({ operator, key, values }) =>
        operator === 'Bool' &&
        key.toLowerCase() === 'aws:securetransport' &&
        values.every((value) => value.toLowerCase() === 'false'),
    )
    if (isOfPlainHttp) return [written(whole ? [EVERYTHING.oss] : names(actions), said)]
    throw new Unsayable("under a condition OSS would keep the bucket's owner, too, from the policy")
  }
  const others = names(actions.filter((one) => !kept.includes(one)))
  return [
    ...(others.length > 0 ? [written(whole ? [...others, ...NAMELESS] : others, ALWAYS)] : []),
    written(whole ? [EVERYTHING.oss] : names(kept), {}),
  ]
}

/** The clients that a statement names; none: it is about everyone. @throws Unsayable. */
function clientsOf({ effect, principal }: Statement, { isLimited }: PolicySetting): string[] {
  if (principal.values.every((one) => one === EVERYONE)) return []
  const names = principal.values.map((one) => {
    const name = one.replace(/^AWS /, '')
    const limited = one === name ? undefined : isLimited(name)
    if (limited === undefined)
      throw new Unsayable(
        `OSS has no principal like ${name}: there are everyone ("*") and the access key ids of the gateway's clients`,
      )
    if (effect === 'Deny')
      throw new Unsayable(
        `OSS knows all clients as the gateway, so that a denial cannot be about ${name} alone: limit it in the gateway's settings`,
      )
    if (limited)
      throw new Unsayable(`the gateway's settings limit the access key ${name}, and no policy lifts that`)
    return name
  })
  return [...new Set(names)]
}

/** @throws Unsayable for actions that are named, and that OSS has not. */
function checkActions(action: Statement['action'], actions: readonly Action[]): void {
  if (!action.not) {
    for (const pattern of action.values) {
      const isSaid = actionsLike(pattern).some((one) => one.oss.length > 0 && actions.includes(one))
      if (!isSaid) throw new Unsayable(`OSS has no action like ${pattern}`)
    }
  }
  if (!actions.some(({ oss }) => oss.length > 0)) throw new Unsayable('OSS has none of the actions')
}

/** @throws Unsayable. */
function toOssResource(arn: string): string {
  if (arn.includes('${')) throw new Unsayable('OSS has other variables in resources')
  if (arn.includes('?')) throw new Unsayable('OSS has no ? in resources')
  return arn.replace('arn:aws:s3:::', 'acs:oss:*:*:').replace(/\*{2,}/g, '*')
}

/** @throws Unsayable. */
function checked(statement: OssStatement): OssStatement {
  for (const [name, value] of Object.entries(statement)) {
    if (Buffer.byteLength(JSON.stringify(value)) <= MAX_OSS_MEMBER_BYTES) continue
    throw new Unsayable(
      `in OSS's words its ${name} is longer than the ${MAX_OSS_MEMBER_BYTES} bytes that OSS takes`,
    )
  }
  return statement
}
