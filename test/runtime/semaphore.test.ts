import { expect, test } from 'vitest'
import { createSemaphore } from '../../src/runtime/semaphore.ts'

test('so many work at a time, the others in the order in which they came, whether those before them fail or not', async () => {
  const semaphore = createSemaphore(2)
  const begun: number[] = []
  const ends: ((error?: Error) => void)[] = []
  const works = [0, 1, 2, 3].map((i) =>
    semaphore(
      () =>
        new Promise<number>((resolve, reject) => {
          begun.push(i)
          ends[i] = (error) => (error === undefined ? resolve(i) : reject(error))
        }),
    ),
  )
  expect(begun).toEqual([0, 1])
  const failure = new Error('failed')
  ends[1]?.(failure)
  await expect(works[1]).rejects.toBe(failure)
  await expect.poll(() => begun).toEqual([0, 1, 2])
  ends[0]?.()
  expect(await works[0]).toBe(0)
  await expect.poll(() => begun).toEqual([0, 1, 2, 3])
  ends[2]?.()
  ends[3]?.()
  expect(await Promise.all([works[2], works[3]])).toEqual([2, 3])
  expect(await semaphore(async () => 'next')).toBe('next')
})
