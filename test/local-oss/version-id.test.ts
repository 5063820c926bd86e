import { describe, expect, test } from 'vitest'
import { checkVersionId, newVersionId, sequenceOf } from '../../src/local-oss/objects/version-id.ts'

describe('a version id', () => {
  test.each([72_057_594_037_928, 1_630_000_000_000_001, 1_795_978_800_000_000, 2 ** 53 - 1])(
    'tells the place %d in the history of its key',
    (sequence) => {
      const id = newVersionId(sequence)
      expect(id).toMatch(/^CAEQ[A-Za-z0-9._-]{60}$/)
      expect(checkVersionId(id)).toBe(id)
      expect(sequenceOf(id)).toBe(sequence)
    },
  )

  test('of a store written by an earlier version goes on working', () => {
    const id = `CAEQ${(1_795_978_800_123_456).toString(16).padStart(14, '0')}${'0123456789abcdef'.repeat(2)}`
    expect(checkVersionId(id)).toBe(id)
    expect(sequenceOf(id)).toBe(1_795_978_800_123_456)
  })

  // From OSS's documents and from reports of its users.
  test.each([
    'CAEQNhiBgMDJgZCA0BYiIDc4MGZjZGI2OTBjOTRmNTE5NmU5NmFhZjhjYmY0NzM1',
    'CAEQTxiBgMDPz7yY9xkiIDg4Y2NjNDdlNGE5NDQ0N2NhZGUxMmMzZjAzZGEyYTA0',
    'CAEQ2AEYgYCA1v6ot.sYIiBmZjU2NTQwOGEwZDc0MTMyYTU5ZjhlMmUyNGYwMjc3NA--',
    'null',
  ])('of OSS, %s, is one', (id) => {
    expect(checkVersionId(id)).toBe(id)
  })

  test.each([
    '234',
    'CAEQ',
    'null ',
    `CAEQ${'a'.repeat(59)}`,
    `CAEQ${'+'.repeat(60)}`,
    `DAEQ${'a'.repeat(60)}`,
  ])('is not %s', (id) => {
    expect(() => checkVersionId(id)).toThrow('Invalid version id specified')
  })
})
