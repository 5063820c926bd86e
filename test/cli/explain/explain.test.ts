import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RecordedCall } from '../../../src/cli/explain/recorded-call.ts'
import type { ObservedRequest } from '../../../src/local-oss/index.ts'
import { copies } from './copies.ts'
import { type ExplainWorld, startExplainWorld } from './world.ts'

/** What of a call has to be the same in both; ids that OSS makes up are told apart by their places alone. */
function comparable(
  { method, bucket, key, headers }: Pick<ObservedRequest, 'method' | 'bucket' | 'key' | 'headers'>,
  query: Iterable<[string, string]>,
  isNew: (versionId: string) => boolean,
) {
  const said = Object.entries(headers).filter(
    ([name]) =>
      (name.startsWith('x-oss-') && !/^x-oss-(date|content-sha256)$/.test(name)) ||
      /^(content-(?!length)|cache-|expires|range|if-)/.test(name),
  )
  const parameters = [...query].map(([name, value]) =>
    name === 'uploadId'
      ? 'uploadId=U'
      : name === 'versionId' && isNew(value)
        ? 'versionId=V'
        : `${name}=${value}`,
  )
  return {
    method,
    at: `${bucket}/${key}?${parameters.sort().join('&')}`,
    headers: Object.fromEntries(said.sort()),
  }
}

const byText = (calls: ReturnType<typeof comparable>[]) => calls.map((call) => JSON.stringify(call)).sort()
/** What a bucket retains a gateway asks once a minute; a copy is explained as its first. */
const isSettled = ({ at }: ReturnType<typeof comparable>) => !/\?(?:worm|objectWorm)=$/.test(at)
const isComputed = (value: string | undefined) => value?.startsWith('(computed')

describe('explain copy', () => {
  let world: ExplainWorld
  beforeAll(async () => {
    world = await startExplainWorld()
  })
  afterAll(() => world.stop())

  test.each(copies)('%s: says what the copy then does', async (what, row, outcome) => {
    const asked = { to: `target/${what}`, ...row }
    const [explanation, reads] = await world.recorded(() => world.explain(asked))
    const writes = reads.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    expect(writes, 'writes of the explanation').toEqual([])
    const bytes = reads.filter(({ operation }) => operation === 'GetObject')
    expect(bytes, 'bytes read by the explanation').toEqual([])

    const [done, calls] = await world.recorded(() => world.copy(asked))
    const { status, refused } = explanation.answer
    expect({ status, code: refused?.code }).toEqual(done)
    const said = refused === undefined ? explanation.plan : `${status} ${refused.code} ${refused.about}`
    expect(said).toBe(outcome)

    const known = Object.values(world.versions)
    const isNew = (id: string) => !known.includes(id) && id !== row.version
    const told = explanation.calls as unknown as (Omit<RecordedCall, 'query'> & {
      query: Record<string, string>
    })[]
    const expected = told.map((call) => comparable(call, Object.entries(call.query), isNew)).filter(isSettled)
    const made = calls.map((call) => comparable(call, call.query, isNew)).filter(isSettled)
    for (const [index, { headers }] of expected.entries()) {
      for (const [name, value] of Object.entries(headers)) {
        const real = made[index]?.headers
        if (isComputed(value) && real?.[name] !== undefined) real[name] = value
      }
    }
    // Parts go together: their order is not told.
    if (explanation.parts > 1) expect(byText(made)).toEqual(byText(expected))
    else expect(made).toEqual(expected)
  })
})
