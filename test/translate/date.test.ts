import { describe, expect, test } from 'vitest'
import { parseDate, parseIsoTime } from '../../src/bytes/parse-date.ts'

const noon = Date.parse('2022-08-09T12:00:00Z')

describe('dates of HTTP', () => {
  test.each([
    ['RFC 1123', 'Tue, 09 Aug 2022 12:00:00 GMT'],
    ['a day of one digit, as Java writes it', 'Tue, 9 Aug 2022 12:00:00 GMT'],
    ['UTC for GMT', 'Tue, 09 Aug 2022 12:00:00 UTC'],
    ['UT for GMT, as mail has it', 'Tue, 09 Aug 2022 12:00:00 UT'],
    ['an offset of nothing', 'Tue, 9 Aug 2022 12:00:00 +0000'],
    ['the offset of who does not say where', 'Tue, 09 Aug 2022 12:00:00 -0000'],
    ['an offset to the east', 'Tue, 09 Aug 2022 20:00:00 +0800'],
    ['an offset over midnight', 'Mon, 08 Aug 2022 23:30:00 -12:30'],
    ['no weekday', '09 Aug 2022 12:00:00 GMT'],
    ['another weekday', 'Fri, 09 Aug 2022 12:00:00 GMT'],
    ['small letters', 'tue, 09 aug 2022 12:00:00 gmt'],
    ['two digits for the year', 'Tue, 09 Aug 22 12:00:00 GMT'],
    ['hyphens and four digits, as cookies have them', 'Tue, 09-Aug-2022 12:00:00 GMT'],
    ['RFC 850', 'Tuesday, 09-Aug-22 12:00:00 GMT'],
    ['RFC 850 with a day of one digit', 'Tuesday, 9-Aug-22 12:00:00 GMT'],
    ['asctime', 'Tue Aug  9 12:00:00 2022'],
    ['asctime with one blank', 'Tue Aug 9 12:00:00 2022'],
    ['asctime with two digits', 'Tue Aug 09 12:00:00 2022'],
    ['what `date` prints', 'Tue Aug  9 12:00:00 UTC 2022'],
    ['ISO 8601', '2022-08-09T12:00:00Z'],
    ['ISO 8601 with milliseconds', '2022-08-09T12:00:00.000Z'],
    ['ISO 8601 with nanoseconds', '2022-08-09T12:00:00.000000000Z'],
    ['ISO 8601 with an offset', '2022-08-09T14:00:00+02:00'],
    ['ISO 8601 with an offset without a colon', '2022-08-09T14:00:00+0200'],
    ['ISO 8601 with an offset of hours', '2022-08-09T14:00:00+02'],
    ['ISO 8601 without a zone', '2022-08-09T12:00:00'],
    ['ISO 8601 with a blank, as Python prints it', '2022-08-09 12:00:00+00:00'],
    ['ISO 8601 in its basic form', '20220809T120000Z'],
    ['the basic form with milliseconds', '20220809T120000.000Z'],
    ['blanks around', ' Tue, 09 Aug 2022 12:00:00 GMT '],
  ])('%s: %s', (_, text) => {
    expect(parseDate(text)).toBe(noon)
  })

  test.each([
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
    ['2022-08-09T12:00:00.5Z', '2022-08-09T12:00:00.500Z'],
    ['2022-08-09T12:00:00.123999Z', '2022-08-09T12:00:00.123Z'],
  ])('%s is %s', (text, iso) => {
    expect(parseDate(text)).toBe(Date.parse(iso))
  })

  test.each([
    '',
    'yesterday',
    '1',
    '1660046400',
    '2022',
    '2022-08-09',
    'Tue, 09 Aug 2022',
    'Tue, 30 Feb 2022 12:00:00 GMT',
    'Tue, 09 Aug 2022 24:00:00 GMT',
    'Tue, 09 Aug 2022 12:60:00 GMT',
    'Tue, 00 Aug 2022 12:00:00 GMT',
    'Tue, 09 Abc 2022 12:00:00 GMT',
    '2022-02-30T12:00:00Z',
    '2022-13-01T12:00:00Z',
    '99999999T999999Z',
    'Tue, 09 Aug 2022 12:00:00 GMT, Tue, 09 Aug 2022 12:00:00 GMT',
    `Tue,${' '.repeat(50_000)}x`,
  ])('%.40j is none', (text) => {
    expect(parseDate(text)).toBeUndefined()
  })

  test('a document has ISO 8601 and no other', () => {
    expect(parseIsoTime('2022-08-09T12:00:00Z')).toBe(noon)
    expect(parseIsoTime('Tue, 09 Aug 2022 12:00:00 GMT')).toBeUndefined()
  })
})
