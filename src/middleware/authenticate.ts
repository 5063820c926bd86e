import type { Client, Config } from '../config/index.ts'
import { anonymous } from '../operations/authorize.ts'
import { findOperation } from '../operations/index.ts'
import type { Operation } from '../operations/operation.ts'
import { checkRepeated } from '../operations/selectors.ts'
import type { Clock } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import type { S3Request } from '../s3/request.ts'
import { authScheme, requireSignatureV2, type Verified } from '../s3/signature.ts'
import { verifySigV2 } from '../s3/sigv2.ts'
import { verifySigV4 } from '../s3/sigv4.ts'

/** What a request asks for, and who asks. */
export type Authenticated = {
  operation: Operation
  verified: Verified
  client: Client
  /** Whether it is signed; else the operation is one that needs no signature, or verifies a form's. */
  isSigned: boolean
}

/**
 * Finds the operation and verifies the signature.
 * @throws S3Error what is wrong with the signature; AccessDenied where there is none and has to be one; where the signature
 *   holds, what the request is that S3 has no operation for.
 */
export function authenticate(request: S3Request, config: Config, clock: Clock): Authenticated {
  const named = operationOf(request, config, clock)
  if (named.auth !== undefined) {
    const { headers } = request
    const verified: Verified = { accessKeyId: '', payload: { kind: 'unsigned' }, presigned: false, headers }
    return { operation: named, verified, client: anonymous, isSigned: false }
  }
  const verified = verify(request, config, clock)
  // Looked up again: a presigned query holds headers too, and they choose.
  const operation =
    verified.headers === request.headers ? named : findOperation({ ...request, headers: verified.headers })
  const client = config.clients.get(verified.accessKeyId)
  if (client === undefined) throw new S3Error('InvalidAccessKeyId')
  return { operation, verified, client, isSigned: true }
}

/** S3 says that there is no such operation only where the signature, if there is one, holds. */
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

function verify(request: S3Request, { clients, document }: Config, clock: Clock): Verified {
  const scheme = authScheme(request)
  if (scheme === 'anonymous') throw new S3Error('AccessDenied')
  if (scheme.startsWith('sigv2')) requireSignatureV2(document.signatureV2)
  const verifyScheme = scheme.startsWith('sigv2') ? verifySigV2 : verifySigV4
  return verifyScheme(request, (id) => clients.get(id)?.secretAccessKey, clock())
}
