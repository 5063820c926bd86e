import { FIRST_ACCOUNT } from '../document-values.ts'
import { OssError } from '../errors.ts'

/** A key; with `securityToken` a temporary one, of STS. */
export type Credentials = { accessKeyId: string; accessKeySecret: string; securityToken?: string }

/** A key of an account; `expiration`, in milliseconds since the epoch, is when a temporary one is of no more use. */
export type AccessKey = Credentials & { expiration?: number }

/** An account; `id` is what policies and owners call it. */
export type Account = { id: string; keys: readonly AccessKey[] }

/** Whose each key is, by its id. RAM and STS give keys and take them away while OSS runs. */
export type Keyring = Map<string, AccessKey & { account: string }>

/**
 * All keys of all accounts; `credentials` is the first account's, which `accounts` may give further ones.
 * @throws Error when two keys have the same id.
 */
export function createKeyring(credentials: Credentials, accounts: readonly Account[] = []): Keyring {
  const keyring: Keyring = new Map()
  for (const { id: account, keys } of [{ id: FIRST_ACCOUNT, keys: [credentials] }, ...accounts]) {
    for (const key of keys) {
      if (keyring.has(key.accessKeyId)) throw new Error(`two keys have the id ${key.accessKeyId}`)
      keyring.set(key.accessKeyId, { ...key, account })
    }
  }
  return keyring
}

/**
 * The key of that id, if the token is its own. A temporary key without its token is an unknown key.
 * @throws OssError InvalidAccessKeyId, InvalidSecurityToken, AccessKeyIdAndSecurityTokenNotMatch for another key's token,
 * SecurityTokenExpired.
 */
export function findKey(keyring: Keyring, accessKeyId: string, token: string | undefined, now: number) {
  const key = keyring.get(accessKeyId)
  if (key === undefined || (key.securityToken !== undefined && token === undefined)) {
    throw new OssError('InvalidAccessKeyId', { elements: { OSSAccessKeyId: accessKeyId } })
  }
  if (token !== key.securityToken) {
    const isAnothers = [...keyring.values()].some(({ securityToken }) => securityToken === token)
    throw new OssError(isAnothers ? 'AccessKeyIdAndSecurityTokenNotMatch' : 'InvalidSecurityToken')
  }
  if (key.expiration !== undefined && now >= key.expiration) throw new OssError('SecurityTokenExpired')
  return key
}
