import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileSink } from '../../src/node/observe/access-log.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'access-log-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Lines of many lengths, some of characters of two and three bytes, and some longer than all that is written together. */
const lineOf = (index: number): string => {
  const width = index % 997 === 0 ? 300_000 : (index * 7919) % 1500
  return `${index} ${['x', 'é', '文'][index % 3]?.repeat(width)}\n`
}

test.each([
  ['bytes that are written together', 1],
  ['writes that follow one another at once', 50],
  ['writes that are waited for', 500],
])('a file has each line once and whole, in order: %s', async (_, pauses) => {
  const file = join(folder, `${pauses}.log`)
  const dropped: string[] = []
  const sink = fileSink(file, (event) => void dropped.push(event))
  const lines = Array.from({ length: 4000 }, (_, index) => lineOf(index))
  for (const [index, line] of lines.entries()) {
    sink.write(line)
    if (index % (4000 / pauses) === 0) await nextIteration()
  }
  await sink.close()
  expect(dropped).toEqual([])
  expect(await readFile(file, 'utf8')).toBe(lines.join(''))
})
