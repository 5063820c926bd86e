import { findKey, type Keyring } from '../auth/accounts.ts'
import { type Caller, nobody } from '../auth/auth.ts'
import { checkSignature } from '../auth/auth-checks.ts'
import { signV1 } from '../auth/sign-v1.ts'
import { signV4, V4_ALGORITHM } from '../auth/sign-v4.ts'
import { invalidArgument } from '../errors.ts'

type Fields = ReadonlyMap<string, string>

/** The form fields of a signature, of either version. */
const SIGNATURE_FIELDS = [
  'ossaccesskeyid',
  'signature',
  'x-oss-signature-version',
  'x-oss-credential',
  'x-oss-signature',
]

/**
 * Verifies the signature of a form, which is that of its policy, in base64 as it came.
 * @param region of the host, if it names one.
 * @returns whose key signed it.
 * @throws OssError InvalidArgument for half a signature, and what a wrong one is refused with.
 */
export function checkFormSignature(
  fields: Fields,
  keyring: Keyring,
  region: string | undefined,
  now: number,
): Pick<Caller, 'account' | 'accessKeyId'> {
  if (!SIGNATURE_FIELDS.some((name) => fields.has(name))) return nobody
  const policy = fields.get('policy')
  if (!policy) throw missing('policy', '0002-00000702')
  const version = fields.get('x-oss-signature-version')
  if (version !== undefined && version !== V4_ALGORITHM) {
    throw invalidArgument('The signature version is unknown.', 'x-oss-signature-version', version)
  }
  const { accessKeyId, signature, sign } = version === undefined ? readV1(fields) : readV4(fields, region)
  const key = findKey(keyring, accessKeyId, fields.get('x-oss-security-token'), now)
  const expected = sign(key.accessKeySecret, policy)
  checkSignature({ accessKeyId, signature, stringToSign: policy, expected })
  return { account: key.account, accessKeyId }
}

/** What a form says of its signature. */
type FormSignature = {
  accessKeyId: string
  signature: string
  sign: (secret: string, policy: string) => string
}

function readV1(fields: Fields): FormSignature {
  const signature = required(fields, 'Signature')
  const accessKeyId = required(fields, 'OSSAccessKeyId')
  return { accessKeyId, signature, sign: (secret, policy) => signV1(secret, Buffer.from(policy)) }
}

function readV4(fields: Fields, hostRegion: string | undefined): FormSignature {
  const signature = required(fields, 'x-oss-signature')
  const date = required(fields, 'x-oss-date')
  const credential = required(fields, 'x-oss-credential')
  const [, accessKeyId = '', scope = '', day, region] =
    /^([^/]+)\/((\d{8})\/([^/]+)\/oss\/aliyun_v4_request)$/.exec(credential) ?? []
  if (scope === '') throw invalidArgument('Invalid credential scope.', 'x-oss-credential', credential)
  if (!/^\d{8}T\d{6}Z$/.test(date) || date.slice(0, 8) !== day) {
    throw invalidArgument('Invalid signing date.', 'x-oss-date', date)
  }
  if (hostRegion !== undefined && region !== hostRegion) {
    throw invalidArgument('Invalid signing region.', 'x-oss-credential', credential, '0002-00000226')
  }
  return { accessKeyId, signature, sign: (secret, policy) => signV4(secret, scope, policy) }
}

function required(fields: Fields, name: string): string {
  const value = fields.get(name.toLowerCase())
  if (!value) throw missing(name)
  return value
}

const missing = (name: string, ec?: string) =>
  invalidArgument(`Bucket POST must contain a field named '${name}'.`, name, '', ec)
