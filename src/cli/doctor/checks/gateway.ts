import { RESERVED_PREFIX } from '../../../operations/reserved-keys.ts'
import { asking, type Facts, ok, type Request, type Step, warning, wrong } from '../check.ts'
import { isSilent, said } from '../http-response.ts'
import { askingS3, isKnownAndRefused, notFromGateway, signatureTrouble } from '../s3-answers.ts'
import { noteClock } from './clocks.ts'

const about = 'gateway'
const GiB = 1024 ** 3
const NOT_ANSWERED = 'every request of S3 clients fails'

/** A bucket for requests that the gateway refuses by itself, whether or not there is one. */
const someBucket = ({ buckets }: Facts) => buckets[0]?.name ?? 'doctor'

/** A request that is signed, and that the gateway then refuses by itself: nothing of OSS is in its answer. */
function refusedByItself(
  name: string,
  what: { does: string; needs: readonly string[]; means: string },
  request: (bucket: string) => Request,
): Step {
  return askingS3({
    ...what,
    about,
    name,
    ask: (facts) => ({ of: 'gateway', ...request(someBucket(facts)) }),
    judge(answer) {
      if (isKnownAndRefused(answer)) return ok('taken')
      return wrong(
        `the gateway takes it for something else: ${said(answer)}`,
        '--endpoint: it may be another gateway; or something in front of it changes the path',
      )
    },
  })
}

/** What S3 clients need of the gateway and of all that is in front of it. */
export const gatewayChecks: readonly Step[] = [
  refusedByItself(
    'signature',
    {
      does: 'signs a request as S3 clients do',
      means: NOT_ANSWERED,
      needs: ['answer', 'clocks clocks'],
    },
    (bucket) => ({ method: 'GET', bucket, query: { 'list-type': '2', prefix: RESERVED_PREFIX } }),
  ),
  refusedByItself(
    'path',
    {
      does: 'asks for a key of characters that are encoded in a path',
      means: 'requests for such keys fail',
      needs: ['signature'],
    },
    (bucket) => ({ method: 'GET', bucket, key: `${RESERVED_PREFIX}a//b c+d%2F&=é'()*!~?#;:@$,` }),
  ),
  refusedByItself(
    'query',
    {
      does: 'lists by a prefix of characters that are encoded in a query',
      means: 'lists of such prefixes fail',
      needs: ['signature'],
    },
    (bucket) => ({
      method: 'GET',
      bucket,
      query: { 'list-type': '2', prefix: `${RESERVED_PREFIX}a//b c+d%2F&=é'()*!~?#;:@$,`, delimiter: '/' },
    }),
  ),
  refusedByItself(
    'headers',
    {
      does: 'sends metadata with an underscore in its name',
      means: 'uploads with such metadata fail',
      needs: ['signature'],
    },
    (bucket) => ({
      method: 'GET',
      bucket,
      key: RESERVED_PREFIX,
      headers: { 'x-amz-meta-doctor_checks': 'a b' },
    }),
  ),
  asking<'gateway'>({
    about,
    name: 'bodies',
    does: 'announces an upload of 5 GiB that the gateway refuses, and sends its first bytes',
    means: 'large uploads fail, or are stored by the proxy first',
    needs: ['signature'],
    ask: (facts) => ({
      of: 'gateway',
      method: 'PUT',
      bucket: someBucket(facts),
      key: RESERVED_PREFIX,
      announced: 5 * GiB,
    }),
    judge(answer, facts) {
      if (isSilent(answer)) {
        return warning(
          `an upload that is refused is not told so before all of it is sent (${answer.silence}): something in front of the gateway keeps it`,
          'let the proxy send bodies on as they come (nginx: proxy_request_buffering off); in front of a Worker it is the platform that keeps them',
        )
      }
      return signatureTrouble(answer, facts) ?? ok('reach the gateway as they are sent')
    },
  }),
]

/** That it answers at all; tells its clock. */
export const gatewayAnswer = asking<'page'>({
  about,
  name: 'answer',
  does: 'asks the gateway without a signature',
  means: NOT_ANSWERED,
  needs: ['certificate'],
  ask: ({ gateway }) => ({ of: 'page', url: `${gateway.protocol}//${gateway.host}/`, name: gateway.name }),
  judge(answer, facts) {
    if (isSilent(answer)) return wrong(`no answer came: ${answer.silence}`, 'the log of the gateway')
    const trouble = notFromGateway(answer)
    if (trouble !== undefined) return trouble
    noteClock(facts, facts.now, answer)
    return ok(`${answer.status}, as S3 answers`)
  },
})
