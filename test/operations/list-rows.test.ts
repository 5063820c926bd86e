import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyForm } from '../../src/operations/lists/keys.ts'
import { deleteMarkerRows, objectRows, prefixRows, versionRows } from '../../src/operations/lists/rows.ts'
import { escapeText } from '../../src/xml/index.ts'
import { type RowTables, rewriteAnyRows, rewritePlainRows, type WrittenRows } from '../../src/xml/rows.ts'

const mapping = { name: 'part', upstream: undefined, bucket: 'whole' }
const forms = [undefined, { ...mapping, prefix: 'photos/' }, { ...mapping, prefix: '中/' }].flatMap(
  (mapped) => [new Map(), new Map([['encoding-type', 'url']])].map((query) => keyForm({ query, mapped })),
)
const tables = forms.flatMap((form) =>
  [true, false].map((more) => ({
    Contents: objectRows(form, more, more),
    Version: versionRows(form, more),
    DeleteMarker: deleteMarkerRows(form),
    CommonPrefixes: prefixRows(form),
  })),
)

/** What the rows become, or the name of what is thrown; undefined for what is left to another way. */
function rowsBy(rewrite: typeof rewriteAnyRows | typeof rewritePlainRows, source: string, table: RowTables) {
  try {
    const list = rewrite(Buffer.from(source), 'List', table)
    return list && Object.values(list.rows).map(textsOf)
  } catch (error) {
    return (error as Error).name
  }
}
const textsOf = (rows: WrittenRows) => [
  Buffer.concat(rows.take()).toString(),
  ...rows.takeEach().map(({ kept }) => kept),
]

const hex = (unit: string, size: number) => fc.stringMatching(new RegExp(`^[${unit}]{${size}}$`))
const keys = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).map(encodeURIComponent),
  fc
    .array(
      fc.constantFrom(
        'a',
        'photos%2F',
        '%E4%B8%AD',
        '+',
        '%20',
        '~',
        '*',
        '(',
        '%26',
        '%3C',
        '%2f',
        '.',
        '-',
      ),
    )
    .map((pieces) => pieces.join('')),
  fc.constantFrom('%', '%E4%B8', '%zz', '%C2%80', '%7F', '%00', '%FF', 'é', '', '%ED%A0%80', 'a%EF%BF%BF'),
)
const seldom = <T>(usual: fc.Arbitrary<T>, ...others: T[]) =>
  fc.oneof({ weight: 9, arbitrary: usual }, fc.constantFrom(...others))
const etags = seldom(
  hex('\\dA-F', 32).chain((md5) => fc.constantFrom(`"${md5}"`, `"${md5}-3"`, `"${md5.toLowerCase()}"`, md5)),
  '"5D41402A"',
  '"',
  '""',
  '',
  '"5D41402ABC4B2A76B9719D911017C592-"',
)
const times = seldom(
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
  'Thu, 20 Nov 2025 08:00:00 GMT',
  '2025-11-20T08:00:00Z',
  'never',
  '<&>',
)
const sizes = seldom(fc.nat().map(String), '', '-1', '1 & 2')
const classes = fc.constantFrom('Standard', 'IA', 'ColdArchive', 'Another', 'constructor', '"')
const restores = fc.constantFrom(
  'ongoing-request="true"',
  'ongoing-request="false", expiry-date="Thu, 20 Nov 2025 08:00:00 GMT"',
  'ongoing-request="false", expiry-date=""',
  'nothing',
)
const ids = seldom(hex('\\w', 6), 'null', 'é', 'a&b')

const leaf = (name: string, values: fc.Arbitrary<string>) =>
  values.map((value) => `<${name}>${escapeText(value).replaceAll('&quot;', '"')}</${name}>`)
const all = (...elements: fc.Arbitrary<string>[]) => fc.tuple(...elements).map((pieces) => pieces.join('\n'))
const maybe = (arbitrary: fc.Arbitrary<string>) => fc.option(arbitrary, { nil: '', freq: 9 })
const owner = leaf('ID', ids).map((id) => `<Owner>${id}<DisplayName>a</DisplayName></Owner>`)
const marker = all(
  leaf('Key', keys),
  leaf('VersionId', ids),
  leaf('IsLatest', fc.constantFrom('true', 'false')),
)
const facts = all(
  leaf('ETag', etags),
  leaf('Type', ids),
  maybe(leaf('Size', sizes)),
  maybe(leaf('StorageClass', classes)),
  fc.option(leaf('RestoreInfo', restores), { nil: '', freq: 2 }),
  maybe(owner),
)
const rows = fc.oneof(
  all(leaf('Key', keys), leaf('LastModified', times), facts).map((row) => `<Contents>${row}</Contents>`),
  all(marker, leaf('LastModified', times), facts).map((row) => `<Version>${row}</Version>`),
  all(marker, leaf('LastModified', times), maybe(owner)).map((row) => `<DeleteMarker>${row}</DeleteMarker>`),
  leaf('Prefix', keys).map((prefix) => `<CommonPrefixes>${prefix}</CommonPrefixes>`),
)
const lists = fc
  .array(rows, { minLength: 1, maxLength: 12 })
  .map((list) => `<List><Name>b</Name>${list.join('\n')}<KeyCount>1</KeyCount></List>`)

test('whatever the values are, rows are written as by way of the tree, or are left to it', () => {
  let plain = 0
  fc.assert(
    fc.property(lists, fc.constantFrom(...tables), (source, table) => {
      const written = rowsBy(rewritePlainRows, source, table)
      if (written === undefined) return
      plain++
      expect(written).toEqual(rowsBy(rewriteAnyRows, source, table))
    }),
    { numRuns: 2000 },
  )
  // Usually some 520 of the 2,000: the others are left to the tree.
  expect(plain).toBeGreaterThan(100)
})

test('with a byte changed, too', () => {
  fc.assert(
    fc.property(lists, fc.constantFrom(...tables), fc.nat(), fc.nat(127), (source, table, at, byte) => {
      const bytes = Buffer.from(source)
      bytes[at % bytes.length] = byte
      const changed = bytes.toString('latin1')
      const written = rowsBy(rewritePlainRows, changed, table)
      if (written !== undefined) expect(written).toEqual(rowsBy(rewriteAnyRows, changed, table))
    }),
    { numRuns: 2000 },
  )
})

test('no row is lost where a piece of the document ends, wherever that is', () => {
  const row = (index: number) =>
    `<Contents><Key>k/${index}%20%2B%C3%A9</Key><LastModified>2025-11-0${1 + (index % 9)}T01:02:03.000Z</LastModified><ETag>"5D41402ABC4B2A76B9719D911017C592"</ETag><Type>Normal</Type><Size>${10 ** (index % 7)}</Size><StorageClass>Standard</StorageClass></Contents>`
  // Two ends of pieces are in it.
  const rows = Array.from({ length: 700 }, (_, index) => row(index)).join('')
  const list = (name: string) => `<List><Name>${name}</Name>${rows}</List>`
  // Each encoding, and each of the rows' lengths.
  for (const table of [tables[0], tables.at(-1)] as RowTables[]) {
    const expected = rowsBy(rewriteAnyRows, list(''), table)
    for (let size = 0; size < row(0).length; size++) {
      expect(rowsBy(rewritePlainRows, list('x'.repeat(size)), table)).toEqual(expected)
    }
  }
})
