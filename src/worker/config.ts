import { readJson } from '../config/document-json.ts'
import { type Config, ConfigError, type Environment, parseSettings } from '../config/index.ts'
import { datasetOf } from './metrics.ts'
import { namespaceOf } from './namespace.ts'

/**
 * The settings of a Worker by its bindings. The document, `GATEWAY_CONFIG`, is JSON: a text, such as a secret, or names
 * with values, as `[vars.GATEWAY_CONFIG]` of wrangler.toml binds them.
 * @throws ConfigError with every mistake.
 */
export function workerConfig(env: Environment): Config {
  const { GATEWAY_CONFIG: bound } = env
  const document = isNames(bound) ? JSON.stringify(bound) : bound
  // What else is bound under that name is one of the mistakes, and so is an empty text.
  const text = typeof document === 'string' && document.trim() !== '' ? document : undefined
  return parseSettings({ ...env, GATEWAY_CONFIG: document }, readJson, text, undefined)
}

/**
 * The settings of the Worker that is the gateway alone, whose bindings are all its own: metrics go to `METRICS` and
 * `CALL_METRICS`, and the
 * document may be in the namespace bound as `CONFIG`.
 * @param kept the document's text from there; null: there is none; undefined: nothing is bound.
 * @throws ConfigError with every mistake.
 */
export function ownConfig(env: Environment, kept: string | null | undefined): Config {
  const problems = bindingProblems(env, kept)
  try {
    const config = workerConfig(kept == null ? env : { GATEWAY_CONFIG: kept, ...env })
    if (problems.length === 0) return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
  }
  throw new ConfigError(problems)
}

/** Whether it is a value of JSON, and not, say, a bound namespace. */
const isNames = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

function bindingProblems(
  { GATEWAY_CONFIG, CONFIG, ...bound }: Environment,
  kept: string | null | undefined,
): string[] {
  const problems: string[] = []
  for (const name of ['METRICS', 'CALL_METRICS'])
    if (bound[name] !== undefined && datasetOf(bound[name]) === undefined)
      problems.push(`${name} is bound to something that is no dataset of Analytics Engine`)
  if (CONFIG === undefined) return problems
  if (namespaceOf(CONFIG) === undefined)
    problems.push('CONFIG is bound to something that is no namespace of KV')
  else if (GATEWAY_CONFIG !== undefined)
    problems.push('GATEWAY_CONFIG is set, and CONFIG is bound: the document can be in one of them alone')
  else if (kept === null)
    problems.push('CONFIG has no value for the key GATEWAY_CONFIG: the document, or {} where it says nothing')
  return problems
}
