import { RESERVED_PREFIX } from '../../operations/reserved-keys.ts'
import { text } from '../../xml/index.ts'
import { changeBetween } from './canonical.ts'
import { type Answers, asking, type Check, type Facts, type Step, type Verdict, wrong } from './check.ts'
import { errorOf, isSilent, type Response, said } from './http-response.ts'

type Answered = Exclude<Answers['gateway'], { silence: string }>

/** A check that asks the gateway with a signature. That this has not been taken is told here, once for all of them. */
export const askingS3 = (
  check: Omit<Check<'gateway'>, 'judge'> & { judge(answer: Answered, facts: Facts): Verdict },
): Step =>
  asking<'gateway'>({
    ...check,
    judge(answer, facts) {
      if (isSilent(answer)) return wrong(`no answer came: ${answer.silence}`, LOG)
      return signatureTrouble(answer, facts) ?? check.judge(answer, facts)
    },
  })

const LOG = 'the log of the gateway, and of what is in front of it'

/**
 * Whether the gateway has taken a request for a key of its own, and refused it: by its signature it knew who asks. A client
 * that is limited may be told of that first.
 */
export function isKnownAndRefused(answer: Answered): boolean {
  const { code, message = '' } = errorOf(answer) ?? {}
  return (
    code === 'AccessDenied' &&
    (message.includes(RESERVED_PREFIX) || message.includes('this access key is limited to'))
  )
}

/** What came instead of an answer of the gateway's; undefined: the gateway has answered. */
export function notFromGateway(answer: Response): Verdict | undefined {
  if (isSilent(answer))
    return wrong(`no answer came: ${answer.silence}`, 'the log of the gateway, and of what is in front of it')
  if (answer.headers['x-amz-request-id'] !== undefined) return undefined
  const server = answer.headers.server === undefined ? '' : `, by ${answer.headers.server}`
  if (answer.status === 413)
    return wrong(
      `something in front of the gateway takes no bodies of that size (413${server})`,
      'let the proxy take bodies of any size (nginx: client_max_body_size 0)',
    )
  return wrong(
    `what answers (${answer.status}${server}) is not the gateway: it gives no x-amz-request-id`,
    '--endpoint, or the route of what is in front of the gateway',
  )
}

/** Why the gateway has not taken a signature; undefined: it has. */
export function signatureTrouble(answer: Answered, { client, config }: Facts): Verdict | undefined {
  const other = notFromGateway(answer)
  if (other !== undefined) return other
  const error = errorOf(answer)
  const isFirst = [...config.clients.values()][0] === client
  if (error?.code === 'SignatureDoesNotMatch') {
    const change = changeBetween(answer.canonical, text(error.document, 'CanonicalRequest') ?? '')
    if (change === undefined)
      return wrong(
        'the running gateway has another secret for this key (SignatureDoesNotMatch)',
        `${isFirst ? 'S3_SECRET_ACCESS_KEY' : 'clients'}: run doctor with the settings of the running gateway, or start that again`,
      )
    const { what, sent, came } = change
    return wrong(
      `${what} is changed on the way: sent as ${JSON.stringify(sent)}, come as ${JSON.stringify(came)}`,
      `let the proxy send ${what} on as it came`,
    )
  }
  if (error?.code === 'InvalidAccessKeyId')
    return wrong(
      `the running gateway does not know this key (InvalidAccessKeyId)`,
      `${isFirst ? 'S3_ACCESS_KEY_ID' : 'clients'}: run doctor with the settings of the running gateway, or start that again`,
    )
  if (error?.code === 'RequestTimeTooSkewed') return wrong(said(answer), 'set the clocks')
  if (error?.code === 'AccessDenied' && 'HeadersNotSigned' in error.document)
    return wrong(
      `a header is added on the way: ${text(error.document, 'HeadersNotSigned')}`,
      'let the proxy add no header that begins with x-amz-',
    )
  return undefined
}
