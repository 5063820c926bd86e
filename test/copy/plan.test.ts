import { describe, expect, test } from 'vitest'
import { type ByteRange, planCopy, splitSource } from '../../src/copy/plan.ts'
import type { SourceFacts } from '../../src/copy/source.ts'

const KiB = 1024
const MiB = 1024 ** 2
const GiB = 1024 ** 3
const TiB = 1024 ** 4

const lengthOf = ({ first, last }: ByteRange) => last - first + 1

describe('a source in parts', () => {
  const small = { partSize: 4, maxRequests: undefined }
  test.each([
    [0, [{ first: 0, last: -1 }]],
    [1, [{ first: 0, last: 0 }]],
    [4, [{ first: 0, last: 3 }]],
    [
      5,
      [
        { first: 0, last: 3 },
        { first: 4, last: 4 },
      ],
    ],
    [
      8,
      [
        { first: 0, last: 3 },
        { first: 4, last: 7 },
      ],
    ],
  ])('of %i bytes, four to a part', (size, ranges) => expect(splitSource(size, small, 1)).toEqual(ranges))

  /** Size, part size set, requests there may be, requests a part takes → parts, bytes of the first; undefined: none fit. */
  test.each([
    [5 * GiB, 128 * MiB, undefined, 1, 40, 128 * MiB],
    // 10,000 parts of 100 KiB are 0.95 GiB: of a larger source the parts are larger.
    [10_000 * 100 * KiB, 100 * KiB, undefined, 1, 10_000, 100 * KiB],
    [10_000 * 100 * KiB + 1, 100 * KiB, undefined, 1, 10_000, 100 * KiB + 1],
    // No part is larger than one GiB, unless none fits otherwise and the setting says so.
    [10_000 * GiB, 128 * MiB, undefined, 1, 10_000, GiB],
    [10_000 * GiB + 1, 128 * MiB, undefined, 1, undefined, undefined],
    [48.8 * TiB, 128 * MiB, undefined, 1, undefined, undefined],
    [4 * GiB, 2 * GiB, undefined, 1, 2, 2 * GiB],
    // Ten requests are for what is not a part.
    [5 * GiB, 128 * MiB, 50, 1, 40, 128 * MiB],
    [5 * GiB, 128 * MiB, 49, 1, 39, Math.ceil((5 * GiB) / 39)],
    [5 * GiB, 128 * MiB, 50, 2, 20, 256 * MiB],
    [100 * GiB, 128 * MiB, 50, 1, undefined, undefined],
    [1, 128 * MiB, 11, 1, 1, 1],
    [1, 128 * MiB, 11, 2, undefined, undefined],
    [1, 128 * MiB, 10, 1, undefined, undefined],
    [0, 128 * MiB, 5, 1, undefined, undefined],
  ])(
    '%i bytes, %i to a part, of %o requests %i for each',
    (size, partSize, maxRequests, each, count, first) => {
      const ranges = splitSource(size, { partSize, maxRequests }, each)
      expect(ranges?.length).toBe(count)
      expect(ranges?.[0] && lengthOf(ranges[0])).toBe(first)
      if (ranges === undefined) return
      // Every byte once, in order, and no part is longer than the first.
      let next = 0
      for (const range of ranges) {
        expect(range.first).toBe(next)
        next = range.last + 1
      }
      expect(next).toBe(size)
      expect(Math.max(...ranges.map(lengthOf))).toBe(first)
    },
  )
})

describe('a plan', () => {
  const settings = {
    oversize: 'reroute',
    crossRegion: 'reroute',
    crossUpstream: 'reroute',
    appendable: 'reroute',
    symlink: 'reroute',
    maxSize: 5 * GiB,
    partSize: 128 * MiB,
  } as const
  const source = (size: number, type = 'Normal'): SourceFacts => ({
    etag: '"A"',
    lastModified: 0,
    size,
    type,
    versionId: undefined,
    crc64: undefined,
    headers: {},
  })

  test.each([
    ['nothing is known against it', undefined, source(GiB), 'native'],
    ['OSS finds it too large', 'oversize', source(2 * GiB), 'parts'],
    ['it is in another region', 'crossRegion', source(2 * GiB), 'relay'],
    ['it is at another upstream', 'crossUpstream', source(2 * GiB), 'relay'],
    ['it is appendable, whatever OSS says', 'oversize', source(2 * GiB, 'Appendable'), 'relay'],
    ['it is a link', 'symlink', source(1, 'Symlink'), 'relay'],
    ['it is larger than the setting allows', 'oversize', source(5 * GiB + 1), 'refuse'],
  ] as const)('where %s', (_, refusal, facts, kind) => {
    expect(planCopy(settings, refusal, facts).kind).toBe(kind)
  })

  test.each([
    ['oversize', source(2 * GiB)],
    ['crossRegion', source(1)],
    ['crossUpstream', source(1)],
    ['appendable', source(1, 'Appendable')],
    ['symlink', source(1, 'Symlink')],
  ] as const)('is to refuse what the setting copy.%s rejects', (refusal, facts) => {
    expect(planCopy({ ...settings, [refusal]: 'reject' }, refusal, facts).kind).toBe('refuse')
  })

  test('is to refuse what needs more requests than there may be', () => {
    const plan = planCopy({ ...settings, maxRequests: 12 }, 'oversize', source(5 * GiB))
    expect(plan).toMatchObject({ kind: 'refuse', error: { code: 'InvalidRequest' } })
    if (plan.kind === 'refuse') expect(plan.error.message).toContain('copy.maxRequests')
  })
})
