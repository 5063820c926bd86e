import { describe, expect, test } from 'vitest'
import { documentSchema } from '../../src/config/document-schema.ts'
import { settingNames } from '../../src/config/environment.ts'
import { documentOnWorkers, environmentOnWorkers } from '../../src/config/on-workers.ts'
import { problemsOf, real } from './problems.ts'

type Schema = {
  entries?: Record<string, Schema>
  item?: Schema
  wrapped?: Schema
  value?: Schema
}

/** The settings of a document as the table names them, each with a value's place in a document. */
function settingsOf(
  schema: Schema,
  path: string,
  place: (value: unknown) => unknown,
): [string, typeof place][] {
  const { entries, item, wrapped, value } = schema
  if (wrapped) return settingsOf(wrapped, path, place)
  if (entries)
    return Object.entries(entries).flatMap(([name, inner]) =>
      settingsOf(inner, path === '' ? name : `${path}.${name}`, (set) => place({ [name]: set })),
    )
  if (item && isStructure(item)) return settingsOf(item, path, (set) => place([set]))
  if (value && isStructure(value)) return settingsOf(value, path, (set) => place({ 'some-name': set }))
  return [[path, place]]
}
const isStructure = ({ wrapped, entries }: Schema): boolean => (wrapped ? isStructure(wrapped) : !!entries)

const settings = settingsOf(documentSchema as Schema, '', (value) => value)
const table: Readonly<Record<string, unknown>> = documentOnWorkers

test('each setting is decided: it works on Workers, or is refused there', () => {
  const undecided = [
    ...settings.map(([path]) => path).filter((path) => !Object.hasOwn(table, path)),
    ...settingNames.filter((name) => !Object.hasOwn(environmentOnWorkers, name)),
  ]
  const how =
    'add a row to src/config/on-workers.ts: true where the Worker does what the setting says (look at what reads it, in the core and in src/worker), else the reason why it is refused there, behind "means nothing on Workers, "'
  expect(undecided, how).toEqual([])
  const known = settings.map(([path]) => path)
  expect(Object.keys(table).filter((path) => !known.includes(path))).toEqual([])
})

describe('the document', () => {
  const refused = settings.filter(([path]) => typeof table[path] === 'string')

  test.each(refused)('%s is refused by its name, on Workers alone', (path, place) => {
    const document = JSON.stringify(place('1'))
    const told = (runtime: 'node' | 'workers') =>
      problemsOf(real, document, runtime).filter((line) => line.includes('means nothing on Workers'))
    const name = path.replace(/^clients\./, 'clients.0.').replace(/^(upstreams|buckets)\./, '$1.some-name.')
    expect(told('workers')).toEqual([
      `GATEWAY_CONFIG: ${name} means nothing on Workers, ${table[path]}: leave it out`,
    ])
    expect(told('node')).toEqual([])
  })

  test('with all that works set, nothing is refused', () => {
    const document = JSON.stringify({
      clients: [
        { accessKeyId: 'one', secretAccessKey: 'secret-one', buckets: ['a-bucket'], prefixes: ['a/'] },
        { accessKeyId: 'two', secretAccessKeys: ['two-1', 'two-2'], readOnly: true, operations: ['objects'] },
      ],
      accessPoints: { 'my-point': 'my-bucket' },
      endpoints: { 'my-bucket': 'https://files.example.com' },
      acl: { default: 'inherit', ownership: 'ObjectWriter' },
      storageClass: { default: 'bucket', map: { STANDARD_IA: 'IA' } },
      conditionalWrites: 'refuse',
      storeParts: true,
      storeChecksums: true,
      anonymous: 'forward',
      anonymousBuckets: ['my-bucket'],
      postForms: true,
      signatureV2: false,
      cors: false,
      accessLog: { to: 'stdout', format: 's3' },
      limits: { forms: 8 },
      timeouts: { client: { headers: 10 }, oss: { headers: 20, idle: 20, total: 100 } },
      copy: { partSize: '64MiB', maxRequests: 100, keepAliveAfter: 0 },
    })
    expect(problemsOf(real, document, 'workers')).toEqual([])
  })

  test.each([
    ['conditionalWrites', 'process', 'use lock'],
    ['accessLog.to', '/var/log/access.log', 'on Workers it must be off or stdout'],
    ['accessLog.to', 'oss://logs/', 'on Workers it must be off or stdout'],
  ])('%s: %s is refused', (path, value, why) => {
    const [, place] = settings.find(([name]) => name === path) ?? []
    const problems = problemsOf(real, JSON.stringify(place?.(value)), 'workers')
    expect(problems).toEqual([expect.stringMatching(`^GATEWAY_CONFIG: ${path}: .*${why}`)])
  })

  test('what it forgets is told beside what is refused, and names that there are not only once', () => {
    const document = JSON.stringify({ clients: [{ accessKeyId: 'one' }], limit: {}, timeouts: { stop: 5 } })
    const problems = problemsOf(real, document, 'workers')
    expect(problems).toHaveLength(3)
    expect(problems.join('\n')).toMatch(/clients\.0\.secretAccessKey: it is missing/)
    expect(problems.join('\n')).toMatch(/limit: there is no such setting/)
    expect(problems.join('\n')).toMatch(/timeouts\.stop means nothing on Workers/)
  })
})

test.each(settingNames.filter((name) => environmentOnWorkers[name] !== true))(
  '%s is refused, once',
  (name) => {
    for (const value of ['1', 'no such value']) {
      const problems = problemsOf({ ...real, [name]: value }, undefined, 'workers')
      expect(problems.filter((problem) => problem.startsWith(`${name} `))).toEqual([
        `${name} means nothing on Workers, ${environmentOnWorkers[name]}: leave it out`,
      ])
    }
  },
)
