import { parseXml as parseOracle, type XmlElement, type XmlText } from '@rgrove/parse-xml'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAnyXml } from '../../src/xml/general-parser.ts'
import { children, element, parseLenientXml, parseXml, text, XmlError } from '../../src/xml/index.ts'
import type { XmlNode, XmlRule, XmlValue } from '../../src/xml/node.ts'
import { atOnce } from '../../src/xml/node.ts'
import { readPlainXml } from '../../src/xml/plain-parser.ts'

const MAX_TAGS = 1000
const COLON = 0x3a
const plain = (source: string, rule: XmlRule = 'XML 1.0') => readPlainXml(source, MAX_TAGS, rule)

/** What a reader makes of a text: its tree, or nothing where it refuses. */
function treeOf(read: () => XmlNode) {
  try {
    return read()
  } catch {
    return undefined
  }
}
const general = (source: string, rule: XmlRule = 'XML 1.0') => treeOf(() => atOnce(readAnyXml(source, rule)))
/** Whether a text is refused for its namespaces alone. */
function isOfNamespaces(source: string): boolean {
  try {
    atOnce(readAnyXml(source, 'XML 1.0'))
    return false
  } catch (error) {
    return /namespace|prefix/.test((error as Error).message)
  }
}
/** The same by a parser of somebody else. */
const oracle = (source: string) =>
  treeOf(() => {
    const { root } = parseOracle(source)
    const name = root?.name ?? ''
    return { [name.slice(name.indexOf(':') + 1)]: [contentOf(root as XmlElement)] }
  })

function contentOf({ children }: XmlElement): XmlValue {
  const elements = children.filter((child) => child.type === 'element') as XmlElement[]
  const own = children
    .map((child) => (child.type === 'element' ? '' : ((child as XmlText).text ?? '')))
    .join('')
  if (elements.length === 0) return own
  const node: XmlNode = Object.create(null)
  for (const child of elements) {
    const name = child.name.slice(child.name.indexOf(':') + 1)
    node[name] = [...(node[name] ?? []), contentOf(child)]
  }
  return /[^ \t\r\n]/.test(own) ? Object.assign(node, { '#text': [own] }) : node
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
  fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[<&\r]|]]>/g, '')),
  fc.constantFrom('&amp;', '&lt;', '&gt;', '&quot;', '&apos;', '&#13;', '&#x1F600;', '&amp;lt;', ' ', ']]'),
)
/** What a plain document has none of. */
const oddities = fc.constantFrom(
  '<!-- a -->',
  '<![CDATA[<a>&amp;]]>',
  '<?a b?>',
  '&nbsp;',
  '&b;',
  '&#0;',
  '&#x1;',
  '&#xFFFF;',
  '&#xD800;',
  '&#x110000;',
  '&#x0000000041;',
  '\0',
  '\x01',
  '\x7f',
  '\x85',
  '\u2028',
  '\ufffe',
  ']]>',
  'text',
  '\r\n',
  '<a xml:lang="en"/>',
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
  const tagged = (content: fc.Arbitrary<string>, xmlns: fc.Arbitrary<string> = fc.constant('')) =>
    fc.tuple(name, xmlns, content).map(([name, xmlns, content]) => `<${name}${xmlns}>${content}</${name}>`)
  const { elements } = fc.letrec<{ element: string; elements: string }>((tie) => ({
    element: fc.oneof(
      { depthSize: 'small' },
      tagged(joined(characters, 3).filter((text) => !text.includes(']]>'))),
      list,
      name.map((name) => `<${name}/>`),
      ...extra,
      tagged(tie('elements')),
    ),
    elements: joined(fc.oneof({ weight: 2, arbitrary: tie('element') }, blanks), 5),
  }))
  return fc.tuple(declaration, blanks, tagged(elements, xmlns), blanks).map((pieces) => pieces.join(''))
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

  test.each(['XML 1.0', 'lenient'] as const)('any other is read so too, or left to it: %s', (rule) => {
    fc.assert(
      fc.property(documents([oddities]), (source) => {
        const tree = plain(source, rule)
        if (tree !== undefined) expect(tree).toEqual(general(source, rule))
      }),
      { numRuns: 1000 },
    )
  })

  test('what a client may send is what another parser takes, and means the same', () => {
    const sources = fc.oneof(documents(), documents([oddities]))
    fc.assert(
      fc.property(sources, fc.nat(), fc.option(fc.nat(255), { freq: 2 }), (source, at, byte) => {
        const bytes = new TextEncoder().encode(source)
        // Behind the declaration, which this gateway wants in UTF-8.
        const from = source.indexOf('?>') + 1
        // The other parser knows no namespaces.
        if (byte !== null && byte !== COLON) bytes[from + (at % (bytes.length - from))] = byte
        // The other parser takes DEL for no character, which XML 1.0 allows.
        const changed = new TextDecoder().decode(bytes).replaceAll('\x7f', 'DEL')
        // It knows nothing of namespaces, which XML 1.0 leaves to another document.
        fc.pre(!isOfNamespaces(changed))
        expect(plain(changed) ?? general(changed)).toEqual(oracle(changed))
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
        for (const rule of ['XML 1.0', 'lenient'] as const) {
          const tree = plain(changed, rule)
          if (tree !== undefined) expect(tree).toEqual(general(changed, rule))
        }
      }),
      { numRuns: 1000 },
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
    ['a document type that defines entities', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an entity of HTML', '<a>&nbsp;</a>'],
    ['another encoding than that of its bytes', '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'],
    ['a declaration behind a blank', ' <?xml version="1.0"?><a/>'],
    ['the end of CDATA in text', '<a>b]]>c</a>'],
    ['UTF-16 by its own word', '<?xml version="1.0" encoding="utf-16"?><a/>'],
    ['a declaration with another name', '<?xml version="1.0" endoding="UTF-8"?><a/>'],
    ['a declaration without a version', '<?xml encoding="UTF-8"?><a/>'],
    ['a comment with two hyphens', '<a><!-- b -- c --></a>'],
    ['an attribute without quotes', '<a b=c/>'],
    ['a less-than in an attribute', '<a b="<"/>'],
    ['a name that begins with a digit', '<1/>'],
    ['depth beyond any document', '<a>'.repeat(25) + '</a>'.repeat(25)],
    ['nothing', ''],
  ])('%s is refused', (_, source) => {
    expect(() => parseXml(source)).toThrow(XmlError)
    expect(() => parseLenientXml(source)).toThrow(XmlError)
  })

  test.each([
    ['a byte order mark', '\ufeff<a>b</a>'],
    ['CDATA', '<a><![CDATA[b]]></a>'],
    ['a comment within', '<a>b<!-- c --></a>'],
    ['an instruction within', '<?c d?><a>b<?c d?></a>'],
    ['a prefix', '<x:a xmlns:x="y">b</x:a>'],
    ['a namespace of anyone', '<a xmlns="urn:x">b</a>'],
    ['attributes', '<a c="d" e=\'f"&amp;\'>b</a >'],
    ['single quotes in the declaration', "<?xml version='1.0' encoding='utf-8' standalone='yes'?><a>b</a>"],
  ])('%s changes nothing', (_, source) => {
    expect(parseXml(source, 'a')).toEqual({ '#text': ['b'] })
  })

  test('a namespace may stand on the elements within alone', () => {
    const source = '<a><b xmlns="urn:x">c</b><b>d</b><x:b xmlns:x="urn:x">e</x:b></a>'
    expect(parseXml(source, 'a')).toEqual({ b: ['c', 'd', 'e'] })
    expect(() => parseXml(source.replace('xmlns:x="urn:x"', 'xmlns:x="urn:y"'))).toThrow(XmlError)
  })

  const inTexts = (content: string) => [
    `<a>${content}</a>`,
    `<a><b>x</b><b>${content}</b></a>`,
    `<a><b><c>x</c></b><b><c>${content}</c></b></a>`,
    `<a x="y">${content}</a>`,
  ]
  const asHex = (code: number) => code.toString(16).toUpperCase().padStart(4, '0')
  const controls = [...Array(32).keys()].filter((code) => ![9, 10, 13].includes(code))
  const others = [0xfffe, 0xffff]

  test('a character that XML 1.0 cannot hold is refused, in itself and by reference', () => {
    for (const code of [...controls, ...others, 0xd800, 0xdfff, 0x110000]) {
      for (const source of [`&#${code};`, `&#x${asHex(code)};`, `b&#x${asHex(code)};c`].flatMap(inTexts)) {
        expect(() => parseXml(source), source).toThrow(XmlError)
      }
    }
    for (const code of [...controls, ...others]) {
      for (const source of inTexts(`b${String.fromCharCode(code)}c`)) {
        expect(() => parseXml(source), JSON.stringify(source)).toThrow(XmlError)
      }
    }
  })

  test('the lenient rule takes any character as it is', () => {
    for (const code of [...controls, 0x7f, 0x80, 0x85, 0x9f, 0x2028, 0xe000, 0xe001, ...others]) {
      const character = String.fromCharCode(code)
      const value = `${character}b${character}c\ue000`
      for (const one of [character, `&#${code};`, `&#x${asHex(code)};`, `&#x${asHex(code).toLowerCase()};`]) {
        const content = `<b>${one}b${one}c\ue000</b>`
        for (const source of [`<a>${content}</a>`, `<a x="y">${content}</a>`]) {
          expect(parseLenientXml(source, 'a'), JSON.stringify(source)).toEqual({ b: [value] })
        }
      }
    }
    for (const content of ['&#xD800;', '&#x110000;', '&x;']) {
      expect(() => parseLenientXml(`<a>${content}</a>`), JSON.stringify(content)).toThrow(XmlError)
    }
  })

  test('a document cannot choose another rule for itself', () => {
    expect(() => parseXml('<?xml version="1.1"?><a>&#1;</a>')).toThrow(XmlError)
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

describe('the namespace of a document', () => {
  const S3 = 'http://s3.amazonaws.com/doc/2006-03-01/'
  test.each([
    `<Delete xmlns="${S3}"><Quiet>true</Quiet></Delete>`,
    `<Delete xmlns="${S3}"><Quiet xmlns="${S3}">true</Quiet></Delete>`,
    `<Delete xmlns="${S3}"><Quiet xmlns="">true</Quiet></Delete>`,
    `<s3:Delete xmlns:s3="${S3}"><s3:Quiet>true</s3:Quiet></s3:Delete>`,
    `<Delete xmlns="${S3}" xmlns:s3="${S3}"><s3:Quiet>true</s3:Quiet></Delete>`,
  ])('is that of its elements, by whatever name: %s', (source) => {
    expect(parseXml(source, 'Delete')).toEqual({ Quiet: ['true'] })
  })
  test.each([
    `<Delete xmlns="${S3}"><Quiet xmlns="urn:other">true</Quiet></Delete>`,
    '<Delete><s3:Quiet>true</s3:Quiet></Delete>',
    '<s3:Delete><s3:Quiet>true</s3:Quiet></s3:Delete>',
    '<Delete><:Quiet>true</:Quiet></Delete>',
    `<Delete xmlns:a="${S3}" xmlns:b="${S3}"><Quiet a:c="1" b:c="2">true</Quiet></Delete>`,
  ])('is no other: %s', (source) => {
    expect(() => parseXml(source, 'Delete')).toThrow(XmlError)
  })
})
