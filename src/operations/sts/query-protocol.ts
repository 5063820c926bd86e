import type { Client } from '../../config/index.ts'
import type { Body, HeaderMap, Reply } from '../../ports.ts'
import type { S3Request } from '../../s3/request.ts'
import { requireSecrets } from '../../s3/signature.ts'
import { sessionTokenOf } from '../../s3/sigv4.ts'
import { claimOfHeader } from '../../s3/sigv4-claim.ts'
import { verifyStsRequest } from '../../s3/sigv4-sts.ts'
import { renderXml } from '../../xml/index.ts'
import type { Context } from '../operation.ts'
import { signerOf } from '../sessions.ts'
import { readUnverified } from '../unverified.ts'
import { actions, type StsCall, type StsResult } from './actions.ts'
import { invalid, StsError, toStsError } from './error.ts'

/** What a request to STS is answered with. */
export type StsPorts = Pick<Context, 'config' | 'clock' | 'timer' | 'readings' | 'onVerified'> & {
  newId: () => string
  /** Told of an action, once it is known, also of one that is refused; absent: nobody wants to know. */
  onAction: ((action: string) => void) | undefined
  /** Told who asks for it, once that is known. */
  onClient: (client: Client, secret: number) => void
  onIssued: (session: StsResult['issued']) => void
}

const VERSION = '2011-06-15'
const XMLNS = `https://sts.amazonaws.com/doc/${VERSION}/`
/** Bytes; a policy of 2048 characters, each of which may take six, and the rest. */
const MAX_BODY = 16 * 1024

/**
 * Whether a request is one to STS: on no bucket, and either signed for it, or a form of its protocol, of which S3 has none
 * there.
 */
export function isStsRequest({ method, bucket, headers, query }: S3Request): boolean {
  if (bucket !== undefined || (method !== 'POST' && method !== 'GET')) return false
  if (/\/sts\/aws4_request\b/.test(headers.authorization ?? query.get('X-Amz-Credential') ?? '')) return true
  return method === 'POST' && /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
}

/**
 * Answers a request to STS: AWS's query protocol, by the parameters of a form or of the query.
 * @throws StsError, S3Error.
 */
export async function performSts(request: S3Request, ports: StsPorts, requestId: string): Promise<Reply> {
  const { onAction } = ports
  let reading: Promise<Uint8Array> | undefined
  const readBody = async (what: 'sts' | 'refused') => {
    reading = readUnverified(what, request, ports, () => readWhole(request.body))
    const body = await reading
    const name = actionNamed(request, body)
    if (name !== undefined) onAction?.(name)
    return body
  }
  try {
    return await perform(request, { ...ports, readBody: () => readBody('sts') }, requestId)
  } catch (error) {
    // Whoever is refused before the body was read is told of by what was asked for, too, where there is room.
    if (onAction !== undefined && reading === undefined) await readBody('refused').catch(() => {})
    throw error
  }
}

type PerformPorts = StsPorts & { readBody: () => Promise<Uint8Array> }

/** The action of ours that a request names. */
function actionNamed(request: S3Request, body: Uint8Array): string | undefined {
  const named = new Map(formOf(request, body)).get('Action') ?? ''
  return Object.hasOwn(actions, named) ? named : undefined
}

async function perform(request: S3Request, ports: PerformPorts, requestId: string): Promise<Reply> {
  const { sts } = ports.config
  if (sts === undefined) {
    throw denied('AccessDenied', 'This gateway gives out no session tokens: its settings have no sts.')
  }
  const now = ports.clock()
  const { client, secret, parameters } = await verify(request, ports, now)
  const name = parameters.get('Action') ?? ''
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined || parameters.get('Version') !== VERSION) throw noAction(parameters)
  for (const parameter of parameters.keys()) {
    if (!['Action', 'Version', ...action.takes].includes(parameter)) {
      throw invalid(`The parameter ${parameter} of ${name} has no meaning here, and so is refused`)
    }
  }
  const newKeyId = () => `ASIA${ports.newId()}`
  const { result, issued } = action.perform({ client, secret, parameters, sts, now, newKeyId })
  ports.onIssued(issued)
  const content = { [`${name}Result`]: result, ResponseMetadata: { RequestId: requestId } }
  return { status: 200, headers: headersOf(requestId), body: renderXml(`${name}Response`, content, XMLNS) }
}

/**
 * Who sends a request, by which secret, and what it says; counted against the limits of signed requests.
 * @param now milliseconds since the epoch.
 * @throws StsError, S3Error.
 */
async function verify(
  request: S3Request,
  ports: PerformPorts,
  now: number,
): Promise<Pick<StsCall, 'client' | 'secret' | 'parameters'>> {
  if (request.headers.authorization === undefined) {
    throw denied('MissingAuthenticationToken', 'Request is missing Authentication Token in its header')
  }
  const claim = claimOfHeader(request, now, 'sts')
  const signer = signerOf(ports.config, request, now)
  const secrets = requireSecrets(signer.secretsOf, claim.accessKeyId, sessionTokenOf(request))
  const body = await ports.readBody()
  const secret = verifyStsRequest(request, claim, body, secrets)
  const client = signer.client()
  ports.onClient(client, secret)
  const admitted = ports.onVerified(client)
  if (admitted !== undefined) await admitted
  return { client, secret: secrets[secret] as string, parameters: parametersOf(request, body) }
}

const denied = (code: string, message: string) => new StsError(code, message, 403)

/** @returns the reply of an error, and the error as STS has it. */
export function refuseSts(error: unknown, requestId: string): { reply: Reply; error: StsError } {
  const stsError = toStsError(error)
  const { code, message, status } = stsError
  const Type = status >= 500 ? 'Receiver' : 'Sender'
  const content = { Error: { Type, Code: code, Message: message }, RequestId: requestId }
  const body = renderXml('ErrorResponse', content, XMLNS)
  return { reply: { status, headers: headersOf(requestId), body }, error: stsError }
}

const headersOf = (requestId: string): HeaderMap => ({
  'content-type': 'text/xml',
  'x-amzn-requestid': requestId,
})

/** @throws StsError ValidationError for more than there is to say. */
async function readWhole(body: Body): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    size += piece.length
    if (size > MAX_BODY) throw invalid(`The request has more than ${MAX_BODY} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

const formOf = (
  { method, parameters }: S3Request,
  body: Uint8Array,
): readonly (readonly [string, string])[] =>
  method === 'GET' ? parameters : [...new URLSearchParams(Buffer.from(body).toString())]

/** @throws StsError ValidationError for one that is there twice. */
function parametersOf(request: S3Request, body: Uint8Array): ReadonlyMap<string, string> {
  const { method, parameters: query } = request
  if (method === 'GET' ? body.length > 0 : query.length > 0) {
    throw invalid('The parameters stand in the query of a GET, and in the body of a POST')
  }
  const all = formOf(request, body)
  const parameters = new Map(all)
  if (parameters.size < all.length) throw invalid('A parameter must not be given twice')
  return parameters
}

function noAction(parameters: ReadonlyMap<string, string>): StsError {
  const [action, version] = [parameters.get('Action'), parameters.get('Version')]
  if (action === undefined) return new StsError('MissingAction', 'The request is missing an action.')
  return new StsError(
    'InvalidAction',
    `Could not find operation ${action} for version ${version ?? 'NO_VERSION_SPECIFIED'}: there are ${Object.keys(actions).join(', ')} of ${VERSION}`,
  )
}
