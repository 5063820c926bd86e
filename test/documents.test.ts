import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { documentSchema } from '../src/config/document-schema.ts'
import { settingNames } from '../src/config/environment.ts'
import { parseConfig } from '../src/config/parse-config.ts'

const pages = readdirSync('docs').map((name) => `docs/${name}`)
const documents = [...readdirSync('.').filter((name) => name.endsWith('.md')), ...pages]

const sources = ['src', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `/${folder}/${path}`),
)
const unknownFiles = (text: string) =>
  [...text.matchAll(/`([\w./-]+\.ts)`/g)]
    .map(([, path]) => path as string)
    .filter((path) => !sources.some((source) => source.endsWith(`/${path}`)))

test.each(['ARCHITECTURE.md', 'README.md', ...pages])('every file that %s names exists', (document) => {
  expect(unknownFiles(readFileSync(document, 'utf8'))).toEqual([])
})

/** The anchors that GitHub gives the headings of a document. */
const anchorsOf = (text: string) =>
  [...text.replaceAll(/^ *```.*?^ *```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  )

test.each(documents)('every link of %s leads to a document and a heading of it', (document) => {
  const links = [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  const broken = links.filter(([, path = '', anchor]) => {
    const target = path === '' ? document : join(dirname(document), path)
    return (
      !existsSync(target) ||
      (anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor))
    )
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test('every page of docs/ is reached from the README', () => {
  const readme = readFileSync('README.md', 'utf8')
  expect(pages.filter((page) => !readme.includes(`](${page})`))).toEqual([])
})

test('the table of ARCHITECTURE.md names whole paths, and functions that are in these files', () => {
  const [, table = ''] = readFileSync('ARCHITECTURE.md', 'utf8').split('## Where is …\n')
  const [rows = ''] = table.split('\n## ')
  const named = [...rows.matchAll(/`([\w/-]+\.ts)`(?: \(`(\w+)`(?:, `(\w+)`)?\))?/g)]
  expect(named.length).toBeGreaterThan(50)
  const wrong = named.filter(
    ([, path, ...names]) =>
      !existsSync(`src/${path}`) ||
      names.some((name) => name !== undefined && !readFileSync(`src/${path}`, 'utf8').includes(name)),
  )
  expect(wrong.map(([text]) => text)).toEqual([])
})

/** What the README says of settings, and the document that it shows. */
const [, settings = ''] = readFileSync('README.md', 'utf8').split('\n## Settings\n')
const [, shown = ''] = settings.match(/^```yaml\n(.*?)^```/ms) ?? []

test('the settings document that the README shows is the defaults', () => {
  const environment = { OSS_REGION: 'cn-hangzhou', OSS_ACCESS_KEY_ID: 'key', OSS_ACCESS_KEY_SECRET: 'secret' }
  expect(parseConfig(environment, shown)).toEqual(parseConfig(environment, undefined))
})

/** The names of a part of the schema and of the parts within, where they are fixed. */
const namesOf = (schema: object): string[] =>
  'wrapped' in schema
    ? namesOf(schema.wrapped as object)
    : 'entries' in schema
      ? Object.entries(schema.entries as object).flatMap(([name, within]) => [name, ...namesOf(within)])
      : []

test('the README shows every name of the settings document, and every setting of the environment', () => {
  expect(namesOf(documentSchema).filter((name) => !new RegExp(`\\b${name}:`).test(shown))).toEqual([])
  expect(settingNames.filter((name) => !settings.includes(`\`${name}\``))).toEqual([])
})
