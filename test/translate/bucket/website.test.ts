import { describe, expect, test } from 'vitest'
import { website } from '../../../src/translate/bucket/website.ts'
import { parseXml } from '../../../src/xml/index.ts'

const ROOT = 'WebsiteConfiguration'
const parsed = (inner: string) => parseXml(`<${ROOT}>${inner}</${ROOT}>`, ROOT)
const index = '<IndexDocument><Suffix>index.html</Suffix></IndexDocument>'
const routed = (condition: string, redirect: string) =>
  `${index}<RoutingRules><RoutingRule>${condition}<Redirect>${redirect}</Redirect></RoutingRule></RoutingRules>`
const docs = '<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition>'

describe('refused by S3’s rules, or because OSS cannot say it', () => {
  test.each([
    ['no index page', '<ErrorDocument><Key>e</Key></ErrorDocument>', 'InvalidArgument'],
    ['an index page in a folder', '<IndexDocument><Suffix>a/b</Suffix></IndexDocument>', 'InvalidArgument'],
    ['an error page without a key', `${index}<ErrorDocument/>`, 'MalformedXML'],
    [
      'a redirection of everything',
      '<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>',
      'NotImplemented',
    ],
    ['a rule without a condition', routed('', '<HostName>h</HostName>'), 'NotImplemented'],
    ['an empty condition', routed('<Condition/>', '<HostName>h</HostName>'), 'InvalidRequest'],
    ['another protocol', routed(docs, '<Protocol>ftp</Protocol>'), 'InvalidRequest'],
    [
      'two replacements',
      routed(docs, '<ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith>'),
      'InvalidRequest',
    ],
    [
      'what OSS takes for a variable',
      routed(docs, `<ReplaceKeyWith>\${key}</ReplaceKeyWith>`),
      'NotImplemented',
    ],
    ['a code OSS has not', routed(docs, '<HttpRedirectCode>308</HttpRedirectCode>'), 'NotImplemented'],
    ['an unknown element', routed(docs, '<Mirror>a</Mirror>'), 'NotImplemented'],
  ])('%s', (_, document, code) => {
    expect(() => website.toOss(parsed(document), { storageClasses: {} })).toThrow(
      expect.objectContaining({ code }),
    )
  })

  test.each([
    ['a mirror', docs, '<RedirectType>Mirror</RedirectType><MirrorURL>http://a/</MirrorURL>'],
    [
      'a query passed on',
      docs,
      '<RedirectType>External</RedirectType><PassQueryString>true</PassQueryString>',
    ],
    [
      'a variable',
      docs,
      `<RedirectType>External</RedirectType><ReplaceKeyWith>\${key}.html</ReplaceKeyWith>`,
    ],
    [
      'a condition on the end',
      '<Condition><KeySuffixEquals>a</KeySuffixEquals></Condition>',
      '<RedirectType>External</RedirectType>',
    ],
  ])('a rule of OSS with %s', (_, condition, redirect) => {
    expect(() => website.toS3(parsed(routed(condition, redirect)))).toThrow(
      expect.objectContaining({
        code: 'NotImplemented',
        elements: { Element: `${ROOT}/RoutingRules/RoutingRule` },
      }),
    )
  })
})

test('what OSS adds of its own is no part of S3’s website', () => {
  const native = `<IndexDocument><Suffix>i</Suffix><SupportSubDir>false</SupportSubDir></IndexDocument><ErrorDocument><Key>e</Key><HttpStatus>404</HttpStatus></ErrorDocument>`
  expect(website.toS3(parsed(native))).toEqual({
    IndexDocument: { Suffix: 'i' },
    ErrorDocument: { Key: 'e' },
    RoutingRules: undefined,
  })
})
