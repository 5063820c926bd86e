import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { children, element, parseXml, readAnyXml, text, XmlError } from '../../src/xml.ts'
import { readPlainXml } from '../../src/xml-plain.ts'

const MAX_TAGS = 1000
const plain = (source: string) => readPlainXml(source, MAX_TAGS)

/** What the general parser makes of a text: its tree, or nothing where it refuses. */
function general(source: string) {
  try {
    return readAnyXml(source)
  } catch {
    return undefined
  }
}

const listing = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Name>bucket</Name>
  <Prefix></Prefix>
  <Delimiter/>
  <IsTruncated>false</IsTruncated>
  <Contents>
    <Key>a%2Fb&amp;&#x4E2D;中&quot;</Key>
    <ETag>"5D41402ABC4B2A76B9719D911017C592"</ETag>
    <Owner><ID>1</ID><DisplayName> </DisplayName></Owner>
  </Contents>
  <Contents><Key>b</Key></Contents>
  <CommonPrefixes>
  </CommonPrefixes>
</ListBucketResult>
`

test('a listing of OSS is a plain document', () => {
  const [root] = children(plain(listing) ?? {}, 'ListBucketResult')
  expect(root).toEqual({
    Name: ['bucket'],
    Prefix: [''],
    Delimiter: [''],
    IsTruncated: ['false'],
    Contents: [
      {
        Key: ['a%2Fb&中中"'],
        ETag: ['"5D41402ABC4B2A76B9719D911017C592"'],
        Owner: [{ ID: ['1'], DisplayName: [' '] }],
      },
      { Key: ['b'] },
    ],
    CommonPrefixes: ['\n  '],
  })
})

const name = fc.constantFrom('Key', 'Contents', 'ID', 'a', 'a1', 'B')
const blanks = fc.constantFrom('', ' ', '\n  ', '\t')
const xmlns = fc.constantFrom('', ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"')
const declaration = fc.constantFrom('', '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>\n')
const characters = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[<&\r]/g, '')),
  fc.constantFrom(
    '&amp;',
    '&lt;',
    '&gt;',
    '&quot;',
    '&apos;',
    '&#13;',
    '&#x1F600;',
    '&amp;lt;',
    ' ',
    ']]>',
    '\0',
  ),
)
/** What a plain document has none of. */
const oddities = fc.constantFrom(
  '<!-- a -->',
  '<![CDATA[<a>&amp;]]>',
  '<?a b?>',
  '&nbsp;',
  '&b;',
  '&#0;',
  'text',
  '\r\n',
  '<x:a/>',
  '<a b="c>"/>',
  "<a b='c'>d</a>",
  '<a >b</a >',
  '<constructor>a</constructor>',
  '<a-b/>',
)
const joined = (pieces: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(pieces, { maxLength }).map((all) => all.join(''))

/** Elements of a list, most of them built alike. */
const list = fc
  .tuple(
    fc.array(name, { minLength: 1, maxLength: 3 }),
    fc.array(fc.array(fc.option(joined(characters, 2), { freq: 12 })), { minLength: 2, maxLength: 5 }),
    blanks,
  )
  .map(([names, rows, blank]) =>
    rows
      .map((values) => {
        const texts = names.map((name, i) => {
          const value = values[i]
          return value === null ? `<${name}/>` : `<${name}>${value ?? 'a'}</${name}>`
        })
        return `<Row>${blank}${texts.join(blank)}<Owner>${blank}${texts[0]}</Owner></Row>${blank}`
      })
      .join(''),
  )

/** Documents whose elements hold plain content, `extra` things, or elements. */
function documents(extra: fc.Arbitrary<string>[] = []): fc.Arbitrary<string> {
  const tagged = (content: fc.Arbitrary<string>) =>
    fc.tuple(name, xmlns, content).map(([name, xmlns, content]) => `<${name}${xmlns}>${content}</${name}>`)
  const { elements } = fc.letrec<{ element: string; elements: string }>((tie) => ({
    element: fc.oneof(
      { depthSize: 'small' },
      tagged(joined(characters, 3)),
      list,
      name.map((name) => `<${name}/>`),
      ...extra,
      tagged(tie('elements')),
    ),
    elements: joined(fc.oneof({ weight: 2, arbitrary: tie('element') }, blanks), 5),
  }))
  return fc.tuple(declaration, blanks, tagged(elements), blanks).map((pieces) => pieces.join(''))
}

describe('what is read fast is read right', () => {
  test('a plain document is read as the general parser reads it', () => {
    fc.assert(
      fc.property(documents(), (source) => {
        const tree = plain(source)
        expect(tree).toBeDefined()
        expect(tree).toEqual(general(source))
      }),
      { numRuns: 1000 },
    )
  })

  test('any other is read so too, or left to it', () => {
    fc.assert(
      fc.property(documents([oddities]), (source) => {
        const tree = plain(source)
        if (tree !== undefined) expect(tree).toEqual(general(source))
      }),
      { numRuns: 1000 },
    )
  })

  test('a document with a byte changed is read as the general parser reads it, or refused', () => {
    const sources = fc.oneof(fc.constant(listing), documents([oddities]))
    fc.assert(
      fc.property(sources, fc.nat(), fc.nat(255), (source, at, byte) => {
        const bytes = new TextEncoder().encode(source)
        bytes[at % bytes.length] = byte
        const changed = new TextDecoder().decode(bytes)
        const tree = plain(changed)
        if (tree !== undefined) expect(tree).toEqual(general(changed))
      }),
      { numRuns: 3000 },
    )
  })

  test('a document that is cut anywhere is refused', () => {
    for (let end = 0; end < listing.trimEnd().length; end++) {
      const cut = listing.slice(0, end)
      expect(() => parseXml(cut), cut).toThrow(XmlError)
    }
  })

  test.each([
    ['another end tag', '<a><b></c></a>'],
    ['an end tag that only begins alike', '<a><b></bc></a>'],
    ['a second root', '<a></a><b></b>'],
    ['the root twice', '<a></a><a></a>'],
    ['text behind the root', '<a></a>b'],
    ['an end too many', '<a></a></a>'],
    ['an attribute twice', '<a b="" b=""></a>'],
    ['an ampersand alone', '<a>b & c</a>'],
    ['nothing but a declaration', '<?xml version="1.0"?>'],
    ['a document type', '<!DOCTYPE a><a/>'],
    ['nothing', ''],
  ])('%s is refused', (_, source) => {
    expect(() => parseXml(source)).toThrow(XmlError)
  })

  test.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])('%s is no name of its', (name) => {
    expect(plain(`<a><${name}>b</${name}></a>`)).toBeUndefined()
  })

  test('elements of a list are read alike, whatever is different about one', () => {
    const rows = [
      '<a>1</a><b>2</b>',
      '<a>&amp;</a>  <b></b>',
      '<b>3</b><a>4</a>',
      '<a/><b/>',
      '<a>5</a><b>6</b>',
    ]
    const source = `<List>${rows.map((row) => `<Row>${row}</Row>`).join('\n')}</List>`
    const tree = {
      List: [
        {
          Row: [
            { a: ['1'], b: ['2'] },
            { a: ['&'], b: [''] },
            { b: ['3'], a: ['4'] },
            { a: [''], b: [''] },
            { a: ['5'], b: ['6'] },
          ],
        },
      ],
    }
    expect([plain(source), general(source)]).toEqual([tree, tree])
    for (const odd of ['<a>&x;</a><b/>', '<a>1</a>2<b>3</b>', '<a>1</a><b>2', '<a>1</a><b>2</c>']) {
      expect(plain(source.replace('</List>', `<Row>${odd}</Row></List>`)), odd).toBeUndefined()
    }
  })

  test('what is deep or has many tags is left to the general parser', () => {
    expect(plain('<a>'.repeat(10) + '</a>'.repeat(10))).toBeDefined()
    expect(plain('<a>'.repeat(12) + '</a>'.repeat(12))).toBeUndefined()
    expect(plain(`<a>${'<b/>'.repeat(MAX_TAGS)}</a>`)).toBeUndefined()
    expect(plain(`<a>${'<b></b>'.repeat(MAX_TAGS / 2)}</a>`)).toBeUndefined()
    expect(plain(`<a>${'<b><c></c></b>'.repeat(MAX_TAGS / 4)}</a>`)).toBeUndefined()
  })
})

test('what is rendered is a plain document, and reads as what it was', () => {
  // What XML has no way to write.
  const noCharacter = /[^\P{Cc}\t\n\r\x7f-\x9f]/gu
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (binary) => {
      const value = binary.replace(noCharacter, '')
      const source = element('Result', { Key: value, Owner: { ID: value } })
      const [result = {}] = children(plain(source) ?? {}, 'Result')
      expect([text(result, 'Key'), text(children(result, 'Owner')[0] ?? {}, 'ID')]).toEqual([value, value])
    }),
  )
})
