import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeText, XmlError } from '../../src/xml/index.ts'
import {
  type Column,
  type RowTables,
  rewriteAnyRows,
  rewritePlainRows,
  rewriteRows,
  type WrittenRows,
} from '../../src/xml/rows.ts'

const escaped = (text: string | undefined) => (text === undefined ? undefined : escapeText(text))
const same = (path: string): Column => ({ from: path, to: path, content: escaped })
const tables: RowTables<'Contents' | 'CommonPrefixes'> = {
  Contents: {
    columns: [
      { ...same('Key'), usual: { pattern: /^((?:[\w]*%)?)(\w*)$/, content: (stem, rest) => stem + rest } },
      { ...same('Size'), usual: { pattern: /^\w+$/ } },
      { from: 'Missing', to: 'Usual', content: (text = 'é') => text },
      { ...same('Owner/ID'), to: 'ID' },
      {
        from: 'ETag',
        to: 'Quoted/ETag',
        content: (text = '') => (text === '' ? undefined : escapeText(text)),
      },
    ],
    keep: ['Key', 'Missing', 'Owner/ID'],
  },
  CommonPrefixes: { columns: [same('Prefix')], keep: ['Prefix'] },
}

/** What is written, and what stands beside the rows; undefined for what is left to another way, `refused` for no such list. */
function listOf(rewrite: typeof rewriteAnyRows | typeof rewritePlainRows, source: string) {
  try {
    const list = rewrite(Buffer.from(source), 'List', tables)
    return list && { rows: Object.values(list.rows).map(textsOf), document: { ...list.document } }
  } catch (error) {
    if (error instanceof XmlError) return 'refused'
    throw error
  }
}
const textsOf = (rows: WrittenRows) => rows.takeEach().map(({ bytes, kept }) => [bytes.toString(), ...kept])
const plain = (source: string) => listOf(rewritePlainRows, source)
const any = (source: string) => listOf(rewriteAnyRows, source)

const text = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[\w%.+ -]{0,12}$/) },
  fc.constantFrom('', ' ', '"5D41402A"', '&quot;A&quot;', '&amp;lt;', '&#13;', '&#x1;', 'a>b', ']]', '\x01'),
)
const blanks = fc.constantFrom('', '\n', '\n  ', '\t')
/** What a plain list has none of, wherever it stands. */
const oddities = fc.constantFrom(
  '<!-- a -->',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '\0',
  '&#0;',
  '<?a b?>',
  '&b;',
  'text',
  '\r\n',
  'é',
  '<a/>',
  '<Key>second</Key>',
  '<Key a="b">c</Key>',
  '<Contents/>',
  '<Contents>',
  '</Contents>',
  '<Contents></Contents>',
  '<Contents><Contents><Key>a</Key></Contents></Contents>',
  '<Deep><Contents><Key>a</Key></Contents></Deep>',
  '<Deep>',
  '</Deep>',
  '<RowsStoodHere/>',
  '</List>',
)

/** A list of rows in a few builds, with things between its pieces, which may be in a row. */
const lists = (between: fc.Arbitrary<string>) => {
  const piece = (arbitrary: fc.Arbitrary<string>) => fc.tuple(arbitrary, between).map((both) => both.join(''))
  const leaf = (name: string) => piece(text.map((value) => `<${name}>${value}</${name}>`))
  const seldom = (arbitrary: fc.Arbitrary<string>) => fc.option(arbitrary, { nil: '', freq: 2 })
  const owner = fc.tuple(leaf('ID'), leaf('DisplayName')).map(([id, name]) => `<Owner>${id}${name}</Owner>`)
  const contents = fc.tuple(
    leaf('Key'),
    leaf('ETag'),
    leaf('Size'),
    seldom(leaf('RestoreInfo')),
    seldom(piece(owner)),
  )
  const row = piece(
    fc.oneof(
      { weight: 3, arbitrary: contents.map((texts) => `<Contents>${texts.join('')}</Contents>`) },
      leaf('Prefix').map((prefix) => `<CommonPrefixes>${prefix}</CommonPrefixes>`),
    ),
  )
  return fc
    .tuple(leaf('Name'), fc.array(row, { maxLength: 12 }), leaf('KeyCount'), between)
    .map(([name, rows, count, last]) => `<List>${name}${rows.join('')}${count}</List>${last}`)
}

describe('a list is rewritten the same by both ways', () => {
  test('a plain one', () => {
    fc.assert(
      fc.property(lists(blanks), (source) => {
        const read = plain(source)
        if (source.includes('<Contents>')) expect(read).toBeDefined()
        if (read !== undefined) expect(read).toEqual(any(source))
      }),
      { numRuns: 1000 },
    )
  })

  test('an odd one, or left to the way that reads any', () => {
    const between = fc.oneof({ weight: 40, arbitrary: blanks }, oddities)
    fc.assert(
      fc.property(lists(between), (source) => {
        const read = plain(source)
        if (read !== undefined) expect(read).toEqual(any(source))
      }),
      { numRuns: 1000 },
    )
  })

  test('with a byte changed, too', () => {
    fc.assert(
      fc.property(lists(blanks), fc.nat(), fc.nat(127), (source, at, byte) => {
        const bytes = Buffer.from(source)
        bytes[at % bytes.length] = byte
        const read = plain(bytes.toString())
        if (read !== undefined) expect(read).toEqual(any(bytes.toString()))
      }),
      { numRuns: 1000 },
    )
  })
})

const rowOf = (key: string) => `  <Contents><Key>${key}</Key><Size>1</Size></Contents>\n`
const listWith = (rows: string) => `<?xml version="1.0"?>\n<List>\n${rows}<KeyCount>1</KeyCount></List>`

test('rows are rewritten once each, wherever a long text is divided', () => {
  const keys = Array.from({ length: 1500 }, (_, index) => 'k'.repeat(index % 197) + index)
  const source = listWith(`${keys.map(rowOf).join('')}<CommonPrefixes><Prefix>a</Prefix></CommonPrefixes>`)
  const list = rewritePlainRows(Buffer.from(source), 'List', tables)
  expect(list?.rows.Contents?.takeEach().map(({ kept: [key] }) => key)).toEqual(keys)
  expect(plain(source)).toEqual(any(source))
})

test('a row that is longer than all that is read at once is left to the other way', () => {
  const source = listWith(rowOf('a') + rowOf('b'.repeat(100_000)) + rowOf('c'))
  expect(plain(source)).toBeUndefined()
  expect(rewriteRows(Buffer.from(source), 'List', tables).rows.Contents.count).toBe(3)
})

test('rows in more builds than expressions are made for are rewritten too', () => {
  const rows = Array.from(
    { length: 30 },
    (_, index) => `<Contents><Key>a</Key><A${index}>b</A${index}></Contents>`,
  )
  expect(plain(listWith(rows.join('')))).toBeDefined()
  expect(plain(listWith(rows.join('')))).toEqual(any(listWith(rows.join(''))))
})

test('more rows than OSS sends are left to the other way', () => {
  expect(plain(listWith(rowOf('a').repeat(3000)))).toBeUndefined()
})

test('a list that is cut anywhere is refused', () => {
  const source = listWith(`${rowOf('a')}${rowOf('&lt;')}<CommonPrefixes><Prefix>b</Prefix></CommonPrefixes>`)
  expect(plain(source)).toEqual(any(source))
  for (let end = 0; end < source.length; end++) {
    const cut = Buffer.from(source.slice(0, end))
    expect(() => rewriteRows(cut, 'List', tables), `cut at ${end}`).toThrow(XmlError)
  }
})

test('a list of another root is refused', () => {
  expect(() => rewriteRows(Buffer.from(listWith(rowOf('a'))), 'Other', tables)).toThrow(XmlError)
})
