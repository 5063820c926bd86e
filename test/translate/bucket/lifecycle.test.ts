import { describe, expect, test } from 'vitest'
import { lifecycle } from '../../../src/translate/bucket/lifecycle.ts'
import { element, parseXml, type XmlTree } from '../../../src/xml/index.ts'

const ROOT = 'LifecycleConfiguration'
const settings = { storageClasses: {} }
const parsed = (inner: string) => parseXml(`<${ROOT}>${inner}</${ROOT}>`, ROOT)
const rule = (inner: string) => `<Rule><Status>Enabled</Status>${inner}</Rule>`
const expire = '<Expiration><Days>1</Days></Expiration>'
const toOss = (inner: string) => lifecycle.toOss(parsed(inner), settings)
const rendered = (content: XmlTree | string | undefined) =>
  element(ROOT, content).replace(`<${ROOT}>`, '').replace(`</${ROOT}>`, '')

describe('what a rule is about', () => {
  test.each([
    ['<Filter/>', '<Prefix/>'],
    ['<Filter><Prefix>a/</Prefix></Filter>', '<Prefix>a/</Prefix>'],
    ['<Prefix>old/</Prefix>', '<Prefix>old/</Prefix>', '<Filter/>'],
    [
      '<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>',
      '<Prefix/>',
      '<Tag><Key>k</Key><Value>v</Value></Tag>',
    ],
    [
      '<Filter><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>',
      '<Prefix/>',
      '<Filter><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>',
    ],
    [
      '<Filter><And><Prefix>a</Prefix><Tag><Key>k</Key><Value/></Tag><Tag><Key>l</Key><Value>v</Value></Tag></And></Filter>',
      '<Prefix>a</Prefix>',
      '<Tag><Key>k</Key><Value/></Tag><Tag><Key>l</Key><Value>v</Value></Tag>',
    ],
  ])('%s', (scope, prefix, rest = '') => {
    expect(rendered(toOss(rule(scope + expire)))).toBe(
      `<Rule>${prefix}<Status>Enabled</Status>${rest}${expire}</Rule>`,
    )
  })
})

test('a document may be pretty-printed', () => {
  const pretty = rule(`${'<Filter/>'}${expire}`).replaceAll('><', '>\n  <')
  expect(toOss(`\n${pretty}\n`)).toEqual(toOss(rule(`<Filter/>${expire}`)))
})

describe('there and back', () => {
  test.each([
    `<Filter><Prefix/></Filter>${expire}`,
    `<ID>a</ID><Filter><Prefix>a/</Prefix></Filter>${expire}`,
    `<Prefix>a/</Prefix>${expire}`,
    `<Prefix/>${expire}`,
    `<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>${expire}`,
    `<Filter><And><Prefix>a</Prefix><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter>${expire}`,
    '<Filter><Prefix/></Filter><Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration>',
    '<Filter><Prefix/></Filter><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>',
    '<Filter><Prefix/></Filter><Transition><Days>9</Days><StorageClass>GLACIER</StorageClass></Transition>',
    '<Filter><Prefix/></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>',
  ])('%s', (inner) => {
    const oss = parsed(rendered(toOss(rule(inner))))
    const back = rendered(lifecycle.toS3(oss) as XmlTree).replace('<Status>Enabled</Status>', '')
    expect(back).toBe(`<Rule>${inner}</Rule>`)
  })
})

test('markers that stay, beside something else, are left out', () => {
  const abort =
    '<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>'
  const stay = '<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>'
  expect(toOss(rule(`<Filter/>${stay}${abort}`))).toEqual(toOss(rule(`<Filter/>${abort}`)))
})

describe('refused', () => {
  const all = '<Filter/>'
  const move = (age: string, to: string) =>
    `<Transition>${age}<StorageClass>${to}</StorageClass></Transition>`
  test.each([
    ['no rule', '', 'MalformedXML'],
    ['no scope', rule(expire), 'MalformedXML'],
    ['two scopes', rule(`${all}<Prefix/>${expire}`), 'MalformedXML'],
    [
      'two conditions without And',
      rule(`<Filter><Prefix/><Tag><Key>k</Key></Tag></Filter>${expire}`),
      'MalformedXML',
    ],
    [
      'a tag twice',
      rule(`<Filter><And><Tag><Key>k</Key></Tag><Tag><Key>k</Key></Tag></And></Filter>${expire}`),
      'InvalidRequest',
    ],
    ['no action', rule(all), 'InvalidRequest'],
    [
      'one ID twice',
      rule(`<ID>a</ID>${all}${expire}`) + rule(`<ID>a</ID>${all}${expire}`),
      'InvalidArgument',
    ],
    ['an unknown status', `<Rule><Status>on</Status>${all}${expire}</Rule>`, 'MalformedXML'],
    [
      'days and a date',
      rule(`${all}<Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>`),
      'MalformedXML',
    ],
    [
      'a date at noon',
      rule(`${all}<Expiration><Date>2030-01-01T12:00:00Z</Date></Expiration>`),
      'InvalidArgument',
    ],
    ['no day', rule(`${all}<Expiration><Days>0</Days></Expiration>`), 'InvalidArgument'],
    ['less than no day', rule(`${all}<Expiration><Days>-1</Days></Expiration>`), 'MalformedXML'],
    ['an unknown class', rule(all + move('<Days>1</Days>', 'COLD')), 'MalformedXML'],
    [
      'a class that is OSS’s first',
      rule(all + move('<Days>1</Days>', 'INTELLIGENT_TIERING')),
      'NotImplemented',
    ],
    [
      'two classes that are one of OSS’s',
      rule(all + move('<Days>1</Days>', 'STANDARD_IA') + move('<Days>9</Days>', 'GLACIER_IR')),
      'NotImplemented',
    ],
    [
      'nothing but markers that stay',
      rule(`${all}<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>`),
      'NotImplemented',
    ],
    ['a transition on the first day', rule(all + move('<Days>0</Days>', 'GLACIER')), 'NotImplemented'],
    [
      'a transition by date',
      rule(all + move('<Date>2030-01-01T00:00:00Z</Date>', 'GLACIER')),
      'NotImplemented',
    ],
    [
      'a number of versions to keep',
      rule(
        `${all}<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>`,
      ),
      'NotImplemented',
    ],
    ['text between the elements', rule(`${all}${expire}or so`), 'MalformedXML'],
  ])('%s', (_, document, code) => {
    expect(() => toOss(document)).toThrow(expect.objectContaining({ code }))
  })

  test.each([
    ['a rule for all but some', '<Filter><Not><Prefix>a</Prefix></Not></Filter>'],
    [
      'a rule by access',
      '<Transition><Days>1</Days><StorageClass>IA</StorageClass><IsAccessTime>true</IsAccessTime></Transition>',
    ],
    [
      'a rule for the past',
      '<AbortMultipartUpload><CreatedBeforeDate>2030-01-01T00:00:00Z</CreatedBeforeDate></AbortMultipartUpload>',
    ],
  ])('%s, which OSS may have', (_, inner) => {
    expect(() => lifecycle.toS3(parsed(rule(`<ID>a</ID><Prefix/>${inner}`)))).toThrow(
      expect.objectContaining({ code: 'NotImplemented' }),
    )
  })
})

test('the deployment’s storage classes count', () => {
  const document = parsed(
    rule('<Filter/><Transition><Days>1</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>'),
  )
  const oss = lifecycle.toOss(document, { storageClasses: { DEEP_ARCHIVE: 'ColdArchive' } })
  expect(rendered(oss)).toContain('<StorageClass>ColdArchive</StorageClass>')
})
