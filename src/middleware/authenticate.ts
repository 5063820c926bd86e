import type { Client, Config } from '../config/index.ts'
import { checkAnonymous } from '../operations/anonymous.ts'
import { nobody } from '../operations/authorize.ts'
import { findOperation } from '../operations/index.ts'
import type { Operation } from '../operations/operation.ts'
import { checkRepeated } from '../operations/selectors.ts'
import { signerOf } from '../operations/sessions.ts'
import type { Clock } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import type { S3Request } from '../s3/request.ts'
import { authScheme, requireSignatureV2, type Verified } from '../s3/signature.ts'
import { verifySigV2 } from '../s3/sigv2.ts'
import { verifySigV4 } from '../s3/sigv4.ts'

/** A request's operation, and the client that sends it. */
export type Authenticated = {
  operation: Operation
  verified: Verified
  client: Client
  /**
   * `signed`; `anonymous`: by nobody, to be forwarded unsigned; `unverified`: the operation needs no signature (a preflight),
   * or verifies that of a form itself.
   */
  by: 'signed' | 'anonymous' | 'unverified'
}

/**
 * Finds the operation and verifies the signature.
 * @throws S3Error of the signature; AccessDenied without one, unless the settings forward the operation so; and only where the
 *   signature is valid, that S3 has no such operation.
 */
export function authenticate(request: S3Request, config: Config, clock: Clock): Authenticated {
  const named = operationOf(request, config, clock)
  if (named.auth !== undefined) return unsigned(request, named, nobody, 'unverified')
  if (named.anonymous && config.anonymous !== undefined && authScheme(request) === 'anonymous') {
    checkAnonymous(named.on, request)
    return unsigned(request, named, config.anonymous, 'anonymous')
  }
  const { verified, client } = verify(request, config, clock)
  // Looked up again: a presigned query stands for headers too, and operations are selected by headers.
  const operation =
    verified.headers === request.headers ? named : findOperation({ ...request, headers: verified.headers })
  return { operation, verified, client, by: 'signed' }
}

function unsigned(
  { headers }: S3Request,
  operation: Operation,
  client: Client,
  by: Authenticated['by'],
): Authenticated {
  const verified: Verified = {
    accessKeyId: '',
    secret: 0,
    payload: { kind: 'unsigned' },
    presigned: false,
    headers,
  }
  return { operation, verified, client, by }
}

/** As S3: that there is no such operation is said only to a request whose signature, if it has one, is valid. */
function operationOf(request: S3Request, config: Config, clock: Clock): Operation {
  try {
    checkRepeated(request)
    return findOperation(request)
  } catch (error) {
    const { code } = error as S3Error
    if (code !== 'InvalidArgument' && authScheme(request) !== 'anonymous') verify(request, config, clock)
    throw error
  }
}

function verify(
  request: S3Request,
  config: Config,
  clock: Clock,
): Pick<Authenticated, 'verified' | 'client'> {
  const scheme = authScheme(request)
  if (scheme === 'anonymous') throw new S3Error('AccessDenied')
  if (scheme.startsWith('sigv2')) requireSignatureV2(config.document.signatureV2)
  const verifyScheme = scheme.startsWith('sigv2') ? verifySigV2 : verifySigV4
  const now = clock()
  const signer = signerOf(config, request, now)
  const verified = verifyScheme(request, signer.secretsOf, now)
  return { verified, client: signer.client() }
}
