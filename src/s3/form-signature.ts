import { createHmac } from 'node:crypto'
import { invalidArgument, S3Error } from './error.ts'
import {
  equalSignatures,
  parseBasicTime,
  requireSecrets,
  requireSignatureV2,
  type SecretsOf,
  signatureMismatch,
} from './signature.ts'
import { signingKey } from './sigv4.ts'
import { ALGORITHM, parseCredential } from './sigv4-claim.ts'

/** The fields of a form, names in lower case. */
export type Fields = ReadonlyMap<string, string>

/** Fields of the two ways to sign a form, by the names S3 calls them. */
const v4Fields = ['X-Amz-Signature', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date'] as const
const v2Fields = ['Signature', 'AWSAccessKeyId'] as const

const TOKEN = 'x-amz-security-token'

/**
 * Verifies the signature of a form's policy.
 * @param allowV2 whether Signature Version 2 is taken.
 * @returns the access key id, which of its secrets has signed, from 0, and the names of the fields that need no condition.
 * @throws S3Error AccessDenied for a form without a policy, InvalidRequest, InvalidArgument, InvalidAccessKeyId, SignatureDoesNotMatch.
 */
export function verifyForm(
  fields: Fields,
  secretsOf: SecretsOf,
  allowV2 = true,
): { accessKeyId: string; secret: number; exempt: readonly string[] } {
  const isV4 = v4Fields.some((name) => fields.has(name.toLowerCase()))
  if (!isV4 && !v2Fields.some((name) => fields.has(name.toLowerCase()))) throw new S3Error('AccessDenied')
  if (!isV4) requireSignatureV2(allowV2)
  const policy = requireField(fields, 'Policy')
  const signature = requireField(fields, isV4 ? 'X-Amz-Signature' : 'Signature')
  const { accessKeyId, expected } = isV4 ? signedByV4(fields, secretsOf) : signedByV2(fields, secretsOf)
  const secret = expected(policy).findIndex((one) => equalSignatures(one, signature))
  if (secret < 0) {
    throw signatureMismatch({ accessKeyId, signature, stringToSign: policy })
  }
  return {
    accessKeyId,
    secret,
    exempt: isV4 ? ['policy', 'x-amz-signature'] : ['policy', 'awsaccesskeyid', 'signature'],
  }
}

/** Who a form says has signed, and the signatures that are right: one by each of its secrets. */
type Signer = { accessKeyId: string; expected: (policy: string) => string[] }

function signedByV4(fields: Fields, secretsOf: SecretsOf): Signer {
  const [, algorithm, credentialText, timestamp] = v4Fields.map((name) => requireField(fields, name)) as [
    string,
    string,
    string,
    string,
  ]
  if (algorithm !== ALGORITHM) {
    throw invalidArgument(`X-Amz-Algorithm only supports "${ALGORITHM}"`, 'X-Amz-Algorithm', algorithm)
  }
  const credential = parseCredential(credentialText, (detail) =>
    invalidArgument(
      `Error parsing the X-Amz-Credential parameter; ${detail}`,
      'X-Amz-Credential',
      credentialText,
    ),
  )
  if (parseBasicTime(timestamp) === undefined || !timestamp.startsWith(credential.date)) {
    throw invalidArgument(
      `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'", on the day of X-Amz-Credential`,
      'X-Amz-Date',
      timestamp,
    )
  }
  const secrets = requireSecrets(secretsOf, credential.accessKeyId, fields.get(TOKEN))
  return {
    accessKeyId: credential.accessKeyId,
    expected: (policy) =>
      secrets.map((secret) =>
        createHmac('sha256', signingKey(secret, credential)).update(policy).digest('hex'),
      ),
  }
}

function signedByV2(fields: Fields, secretsOf: SecretsOf): Signer {
  const accessKeyId = requireField(fields, 'AWSAccessKeyId')
  const secrets = requireSecrets(secretsOf, accessKeyId, fields.get(TOKEN))
  return {
    accessKeyId,
    expected: (policy) => secrets.map((secret) => createHmac('sha1', secret).update(policy).digest('base64')),
  }
}

/** Whether a form has neither a policy nor anything of a signature. */
export const isUnsignedForm = (fields: Fields): boolean =>
  ['Policy', ...v4Fields, ...v2Fields].every((name) => !fields.has(name.toLowerCase()))

/** A field's value. @throws S3Error InvalidArgument when it is not there, or empty. */
export function requireField(fields: Fields, name: string): string {
  const value = fields.get(name.toLowerCase())
  if (value) return value
  throw invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    '',
  )
}
