import { ConfigError } from '../../src/config/index.ts'
import { parseConfig } from '../../src/config/parse-config.ts'

/** Undefined: not set. */
export type Settings = Record<string, string | undefined>

/** The settings of a gateway in front of OSS. */
export const real: Settings = {
  OSS_REGION: 'cn-hangzhou',
  OSS_ACCESS_KEY_ID: 'LTAI5tExampleKeyId000001',
  OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
}

/** What is told of settings; nothing where they are right. */
export function problemsOf(
  environment: Settings,
  document?: string,
  runtime?: 'node' | 'workers',
): readonly string[] {
  try {
    parseConfig(environment, document, runtime)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
