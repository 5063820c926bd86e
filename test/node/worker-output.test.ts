import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { passOnLines } from '../../src/node/cluster/worker-output.ts'

const texts = fc.array(fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\n', '')))
const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 20 })

test('whole lines are handed on, in order, wherever what is read is cut, and the rest of one that was killed as one', async () => {
  await fc.assert(
    fc.asyncProperty(texts, cuts, fc.boolean(), async (lines, at, isKilled) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const all = isKilled ? bytes.subarray(0, -1) : bytes
      const output = new PassThrough()
      const written: string[] = []
      const done = passOnLines(output, (text) => void written.push(text))
      const places = [...at.map((place) => Math.min(place, all.length)), all.length].sort((a, b) => a - b)
      let from = 0
      for (const place of places) {
        output.write(all.subarray(from, place))
        from = place
      }
      output.end()
      await done
      for (const text of written) expect(text.endsWith('\n')).toBe(true)
      const expected = all.length === 0 || all.at(-1) === 0x0a ? String(all) : `${all}\n`
      expect(written.join('')).toBe(expected)
    }),
  )
})
