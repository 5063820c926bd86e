import { percentEncode } from '../address.ts'
import type { Callback } from './callback.ts'

/** What OSS knows of an upload, by the name of its variable; a number stands bare in JSON. */
export type UploadFacts = Readonly<Record<string, string | number>>

const VARIABLE = /\$\{([^{}]*)\}/g

/** The names of a body's variables. */
export const variablesOf = ({ body }: Callback) => [...body.matchAll(VARIABLE)].map(([, name = '']) => name)

/**
 * A callback's body with its variables filled in: escaped as in a form, or as values of JSON. One that nobody knows is empty.
 */
export function fillBody({ body, type, variables }: Callback, facts: UploadFacts): string {
  const known = new Map<string, string | number>([...Object.entries(variables), ...Object.entries(facts)])
  const written =
    type === 'application/json' ? JSON.stringify : (value: string | number) => percentEncode(String(value))
  return body.replace(VARIABLE, (_, name: string) => written(known.get(name) ?? ''))
}
