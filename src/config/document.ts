import * as v from 'valibot'
import { checkDocument } from './document-checks.ts'
import type { ReadDocument } from './document-rules.ts'
import { type Document, documentSchema } from './document-schema.ts'
import { refusedOnWorkers } from './on-workers.ts'
import { nearest } from './spelling.ts'

export type { Document } from './document-schema.ts'

/**
 * The text of the settings document → its settings, defaults filled in.
 * @param read how it is written: YAML or JSON.
 * @param runtime where the settings have to mean something.
 * @param problems what is wrong is added here, a line each; none quotes a secret.
 */
export function parseDocument(
  text: string | undefined,
  read: ReadDocument,
  runtime: 'node' | 'workers',
  problems: string[],
): Document {
  const defaults = v.parse(documentSchema, {})
  const found: string[] = []
  const raw = text === undefined ? undefined : read(text, problems)
  const unknown = raw === undefined ? [] : unknownNames(documentSchema, raw, '')
  const result = v.safeParse(documentSchema, raw ?? {})
  for (const issue of result.issues ?? []) found.push(`${v.getDotPath(issue) ?? 'it'}: ${sayWrong(issue)}`)
  found.push(...unknown)
  if (runtime === 'workers') found.push(...refusedOnWorkers(raw ?? {}))
  if (result.success && found.length === 0) found.push(...checkDocument(result.output, raw ?? {}))
  for (const line of found) problems.push(`GATEWAY_CONFIG: ${line}`)
  return result.success ? result.output : defaults
}

function sayWrong({ kind, type, message, expected, received, input }: v.BaseIssue<unknown>): string {
  if (kind !== 'schema') return message
  if (received === 'undefined') return 'it is missing'
  const kinds: Record<string, string> = {
    object: 'names with values',
    record: 'names with values',
    array: 'a list',
  }
  const wanted = kinds[type] ?? (type === 'string' ? 'a text' : `one of ${expected}`)
  // What stands where something else should be may be a secret.
  const instead = type === 'picklist' && typeof input === 'string' ? `, not ${received}` : ''
  return `it must be ${wanted}${instead}`
}

/** A schema as far as names go. */
type Named = {
  type?: string
  entries?: Record<string, object>
  item?: object
  wrapped?: object
  /** Of a record: its values'. */
  value?: object
}

/** What is no word may be a value whose name or blank was forgotten: a secret. */
const isWord = (name: string) => /^[\w<-]{0,40}$/.test(name) && !/\d.*\d/.test(name)

/** Names that the schema leaves out of a record. */
const unusable = ['__proto__', 'prototype', 'constructor']

/** The names in a document that the schema does not have, a line each. */
function unknownNames(schema: object, value: unknown, path: string): string[] {
  const { type, entries, item, wrapped, value: each }: Named = schema
  if (wrapped !== undefined) return unknownNames(wrapped, value, path)
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    // The schema takes a list for names with values, the names being its indexes.
    if (type === 'object' || type === 'record') return [`${path.slice(0, -1)}: it must be names with values`]
    return item === undefined ? [] : value.flatMap((one, i) => unknownNames(item, one, `${path}${i}.`))
  }
  if (type === 'record')
    return Object.entries(value).flatMap(([name, child]) =>
      unusable.includes(name)
        ? [`${path}${name}: that cannot be a name`]
        : unknownNames(each ?? {}, child, `${path}${name}.`),
    )
  if (entries === undefined) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const known = Object.hasOwn(entries, name) ? entries[name] : undefined
    if (known !== undefined) return unknownNames(known, child, `${path}${name}.`)
    const meant = nearest(name, Object.keys(entries))
    return [
      `${path}${isWord(name) ? name : '…'}: there is no such setting${meant === undefined ? '' : `: did you mean ${meant}?`}`,
    ]
  })
}
