import { readYaml } from './document-text.ts'
import { type Config, type Environment, type Files, parseSettings } from './index.ts'
import { machineOf } from './machine.ts'

/**
 * Settings → Config.
 * @param environment the environment variables, or the bindings on Workers.
 * @param documentText the text of the settings document (YAML or JSON), where there is one.
 * @param runtime on Workers there is no embedded OSS.
 * @param files reads the files that settings name; without it none may.
 * @throws ConfigError with every mistake.
 */
export const parseConfig = (
  environment: Environment,
  documentText?: string,
  runtime: 'node' | 'workers' = 'node',
  files?: Files,
): Config => {
  const machine = runtime === 'node' ? machineOf(files) : undefined
  return parseSettings(environment, readYaml, documentText, machine)
}
