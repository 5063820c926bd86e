import { readJson } from '../config/document-json.ts'
import { type Config, type Environment, parseSettings } from '../config/index.ts'

/**
 * The settings of a Worker by its bindings. The document, `GATEWAY_CONFIG`, is JSON: a text, such as a secret, or names
 * with values, as `[vars.GATEWAY_CONFIG]` of wrangler.toml binds them.
 * @throws ConfigError with every mistake.
 */
export function workerConfig(env: Environment): Config {
  const { GATEWAY_CONFIG: bound } = env
  const document = isNames(bound) ? JSON.stringify(bound) : bound
  // What else is bound under that name is one of the mistakes.
  const text = typeof document === 'string' ? document : undefined
  return parseSettings({ ...env, GATEWAY_CONFIG: document }, readJson, text, 'workers', undefined)
}

/** Whether it is a value of JSON, and not, say, a bound namespace. */
const isNames = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
