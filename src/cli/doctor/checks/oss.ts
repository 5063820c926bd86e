import { describeSource, isFixed } from '../../../oss/credentials/source.ts'
import type { OssCredentials } from '../../../ports.ts'
import { child } from '../../../translate/elements.ts'
import { text } from '../../../xml/index.ts'
import { asking, type Facts, ok, type Step, type UpstreamFacts, warning, wrong } from '../check.ts'
import { documentOf, errorOf, isSilent, said } from '../http-response.ts'
import { askingOss, denied, troubleOf } from '../oss-answers.ts'
import { noteClock } from './clocks.ts'
import { connectionChecks } from './connections.ts'

/** What to look at when the endpoint cannot be reached. */
function ossUnreachable({ host, region }: UpstreamFacts['endpoint']): string {
  if (/-internal\.aliyuncs\.com$/.test(host))
    return `OSS_ENDPOINT: an internal endpoint is reached from within Alibaba Cloud in ${region} alone; from elsewhere it is https://oss-${region}.aliyuncs.com`
  return 'OSS_ENDPOINT, and whether this machine may connect to it (firewall, proxy, DNS)'
}

/** What an upstream that does not work means. */
const meaning = ({ name }: UpstreamFacts) =>
  name === undefined ? 'the gateway can do nothing at all' : 'all that clients do there fails'

/** That OSS is reached and answers at all; tells its clock. */
export const reachChecks = (upstream: UpstreamFacts): Step[] => [
  ...connectionChecks({
    about: upstream.about,
    origin: () => upstream.endpoint,
    unreachable: () => ossUnreachable(upstream.endpoint),
    certificate: 'what answers for OSS_ENDPOINT: a proxy, or another service',
  }),
  ossAnswer(upstream),
]

const ossAnswer = (upstream: UpstreamFacts) =>
  asking<'page'>({
    about: upstream.about,
    name: 'answer',
    does: 'asks OSS without a signature',
    means: meaning(upstream),
    needs: ['certificate'],
    ask: () => ({ of: 'page', url: `${upstream.endpoint.protocol}//${upstream.endpoint.host}/` }),
    judge(answer, { now }) {
      if (isSilent(answer))
        return wrong(`no answer came: ${answer.silence}`, ossUnreachable(upstream.endpoint))
      const trouble = troubleOf(answer, upstream)
      if (trouble !== undefined) return trouble
      noteClock(upstream, now, answer)
      if (answer.headers['x-oss-s3-compat'] === 'true') {
        return wrong(
          'that is the S3-compatible endpoint of OSS',
          'OSS_ENDPOINT: the gateway speaks the protocol of OSS itself, on the endpoint without s3. in front',
        )
      }
      return ok(`${answer.status}, as OSS answers`)
    },
  })

/** Whether a client's ListBuckets asks there: a bucket of a mapping is looked up by itself. */
export const isListed = ({ clients }: Facts['config'], upstream: string | undefined) =>
  upstream === undefined || [...clients.values()].some((client) => client.upstream === upstream)

const listed = { of: 'oss', method: 'GET', query: { 'max-keys': '1' } } as const

/** Whose key OSS takes the gateway's for, and how long. @param clocks the check that has compared them. */
export const keyChecks = (upstream: UpstreamFacts, clocks: string): Step[] => [
  {
    about: upstream.about,
    name: 'key',
    does: "gets the gateway's key from where the settings say",
    means: meaning(upstream),
    needs: [],
    compare() {
      const { key, credentials } = upstream
      const source = describeSource(credentials)
      if ('accessKeyId' in key) return ok(`${key.accessKeyId}, ${source}`)
      return wrong(`${source} gives none: ${key.none}`, 'OSS_CREDENTIALS, and what it needs')
    },
  },
  askingOss({
    about: upstream.about,
    name: 'credentials',
    does: 'asks OSS whose key it is',
    means: meaning(upstream),
    needs: ['answer', 'key', clocks],
    ask: () => listed,
    judge(answer) {
      const error = errorOf(answer)
      if (error !== undefined && error.code !== 'AccessDenied')
        return wrong(said(answer), 'OSS_ACCESS_KEY_ID')
      upstream.isUsable = true
      const owner = text(child(documentOf(answer, 'ListAllMyBucketsResult') ?? {}, 'Owner') ?? {}, 'ID')
      return ok(owner === undefined ? 'OSS knows the key' : `OSS knows the key, of the account ${owner}`)
    },
  }),
  askingOss({
    about: upstream.about,
    name: 'oss:ListBuckets',
    does: 'lists the buckets',
    means: "S3's ListBuckets is refused",
    needs: ['credentials'],
    applies: ({ config }) => isListed(config, upstream.name),
    ask: () => listed,
    judge(answer) {
      const error = errorOf(answer)
      return error === undefined ? ok('allowed') : denied(error, 'ListBuckets', 'service')
    },
  }),
  {
    about: upstream.about,
    name: 'expiry',
    does: 'looks until when the key is valid',
    means: `${meaning(upstream)}, once it has expired`,
    needs: ['credentials'],
    compare() {
      const { key, credentials } = upstream
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
export const identityCheck = (upstream: UpstreamFacts) =>
  asking<'sts'>({
    about: upstream.about,
    name: 'identity',
    does: 'asks the Security Token Service who the key is (GetCallerIdentity, which needs no permission)',
    means: '',
    needs: ['credentials'],
    applies: () => upstream.endpoint.host.endsWith('.aliyuncs.com'),
    ask: () => ({ of: 'sts' }),
    judge(answer) {
      if (isSilent(answer)) return ok(`STS is not reached from here: ${answer.silence}`)
      const arn = /"Arn"\s*:\s*"([^"]*)"/.exec(answer.body.toString())?.[1]
      return ok(arn ?? `STS does not say (${answer.status})`)
    },
  })
