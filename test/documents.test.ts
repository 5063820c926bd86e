import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const sources = ['src', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `/${folder}/${path}`),
)
const unknownFiles = (text: string) =>
  [...text.matchAll(/`([\w./-]+\.ts)`/g)]
    .map(([, path]) => path as string)
    .filter((path) => !sources.some((source) => source.endsWith(`/${path}`)))

test.each(['ARCHITECTURE.md', 'README.md'])('every file that %s names exists', (document) => {
  expect(unknownFiles(readFileSync(document, 'utf8'))).toEqual([])
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
