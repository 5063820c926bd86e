import { describeSource, isFixed } from '../../../oss/credentials/source.ts'
import type { OssCredentials } from '../../../ports.ts'
import { child } from '../../../translate/elements.ts'
import { text } from '../../../xml/index.ts'
import { documentOf, errorOf, isSilent, said } from '../answer.ts'
import { asking, type Facts, ok, type Step, warning, wrong } from '../check.ts'
import { askingOss, denied, troubleOf } from '../oss-answers.ts'
import { noteClock } from './clocks.ts'

const about = 'OSS'
const NOTHING_WORKS = 'the gateway can do nothing at all'

const endpointOf = ({ oss, config }: Facts) => oss ?? config.endpoint
const isAliyun = (facts: Facts) => endpointOf(facts).host.endsWith('.aliyuncs.com')

/** What to look at when the endpoint cannot be reached. */
export function ossUnreachable(facts: Facts): string {
  const { host, region } = endpointOf(facts)
  if (/-internal\.aliyuncs\.com$/.test(host))
    return `OSS_ENDPOINT: an internal endpoint is reached from within Alibaba Cloud in ${region} alone; from elsewhere it is https://oss-${region}.aliyuncs.com`
  return 'OSS_ENDPOINT, and whether this machine may connect to it (firewall, proxy, DNS)'
}

/** That OSS answers at all; tells its clock. */
export const ossAnswer = asking<'page'>({
  about,
  name: 'answer',
  does: 'asks OSS without a signature',
  means: NOTHING_WORKS,
  needs: ['certificate'],
  ask: (facts) => ({ of: 'page', url: `${endpointOf(facts).protocol}//${endpointOf(facts).host}/` }),
  judge(answer, facts) {
    if (isSilent(answer)) return wrong(`no answer came: ${answer.silence}`, ossUnreachable(facts))
    const trouble = troubleOf(answer, facts)
    if (trouble !== undefined) return trouble
    noteClock(facts, 'OSS', answer)
    if (answer.headers['x-oss-s3-compat'] === 'true') {
      return wrong(
        'that is the S3-compatible endpoint of OSS',
        'OSS_ENDPOINT: the gateway speaks the protocol of OSS itself, on the endpoint without s3. in front',
      )
    }
    return ok(`${answer.status}, as OSS answers`)
  },
})

const listed = { of: 'oss', method: 'GET', query: { 'max-keys': '1' } } as const

/** Whose key OSS takes the gateway's for, and how long. */
export const keyChecks: readonly Step[] = [
  {
    about,
    name: 'key',
    does: "gets the gateway's key from where the settings say",
    means: NOTHING_WORKS,
    needs: [],
    compare({ key, config: { credentials } }) {
      const source = describeSource(credentials)
      if ('accessKeyId' in key) return ok(`${key.accessKeyId}, ${source}`)
      return wrong(`${source} gives none: ${key.none}`, 'OSS_CREDENTIALS, and what it needs')
    },
  },
  askingOss({
    about,
    name: 'credentials',
    does: 'asks OSS whose key it is',
    means: NOTHING_WORKS,
    needs: ['answer', 'key', 'clocks clocks'],
    ask: () => listed,
    judge(answer) {
      const error = errorOf(answer)
      if (error !== undefined && error.code !== 'AccessDenied')
        return wrong(said(answer), 'OSS_ACCESS_KEY_ID')
      const owner = text(child(documentOf(answer, 'ListAllMyBucketsResult') ?? {}, 'Owner') ?? {}, 'ID')
      return ok(owner === undefined ? 'OSS knows the key' : `OSS knows the key, of the account ${owner}`)
    },
  }),
  askingOss({
    about,
    name: 'oss:ListBuckets',
    does: 'lists the buckets',
    means: "S3's ListBuckets is refused",
    needs: ['credentials'],
    ask: () => listed,
    judge(answer) {
      const error = errorOf(answer)
      return error === undefined ? ok('allowed') : denied(error, 'ListBuckets', 'service')
    },
  }),
  {
    about,
    name: 'expiry',
    does: 'looks until when the key is valid',
    means: 'the gateway can do nothing at all, once it has expired',
    needs: ['credentials'],
    compare({ key, config: { credentials } }) {
      const { securityToken, expiration } = key as OssCredentials
      if (securityToken === undefined) return ok('the key does not expire')
      if (!isFixed(credentials)) {
        const until =
          expiration === undefined ? '' : `the key expires at ${new Date(expiration).toISOString()}; `
        return ok(`${until}the gateway gets the next one in time, from ${describeSource(credentials)}`)
      }
      return warning(
        'the key is a temporary one, and OSS does not say until when',
        'OSS_SESSION_TOKEN: nothing renews it. OSS_CREDENTIALS names what gives keys that are renewed',
      )
    },
  },
]

/** Who the key is, in words of RAM; where the endpoint is none of Alibaba Cloud's, nobody would know. */
export const identityCheck = asking<'sts'>({
  about,
  name: 'identity',
  does: 'asks the Security Token Service who the key is (GetCallerIdentity, which needs no permission)',
  means: '',
  needs: ['credentials'],
  applies: isAliyun,
  ask: () => ({ of: 'sts' }),
  judge(answer) {
    if (isSilent(answer)) return ok(`STS is not reached from here: ${answer.silence}`)
    const arn = /"Arn"\s*:\s*"([^"]*)"/.exec(answer.body.toString())?.[1]
    return ok(arn ?? `STS does not say (${answer.status})`)
  },
})
