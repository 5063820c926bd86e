import type { Config } from '../src/config/index.ts'
import { fixedCredentials } from '../src/oss/credentials/create.ts'
import type { Credentials } from '../src/ports.ts'

/** The credentials of settings that have the key themselves. */
export function credentialsOf({ credentials }: Config): Credentials {
  if (credentials.from !== 'settings') throw new Error(`the key comes from elsewhere: ${credentials.from}`)
  return fixedCredentials(credentials.key)
}
