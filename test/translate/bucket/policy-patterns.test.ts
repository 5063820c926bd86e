import { expect, test } from 'vitest'
import { isSlow, matches } from '../../../src/translate/bucket/policy-actions.ts'

/** All texts of some characters, up to a length. */
function textsOf(characters: string, most: number): string[] {
  if (most === 0) return ['']
  const shorter = textsOf(characters, most - 1)
  return [...new Set([...shorter, ...shorter.flatMap((text) => [...characters].map((one) => text + one))])]
}

test('a pattern stands for what a regular expression of its meaning does', () => {
  const texts = textsOf('ab', 5)
  for (const pattern of textsOf('ab*?', 5)) {
    const expression = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`)
    expect([pattern, texts.filter((text) => matches(pattern, text))]).toEqual([
      pattern,
      texts.filter((text) => expression.test(text)),
    ])
  }
})

test('every other character of a pattern is itself', () => {
  for (const character of '.+^$()[]{}|\\/-\n') {
    expect([matches(`a${character}*`, `a${character}b`), matches(`a${character}*`, 'axb')]).toEqual([
      true,
      false,
    ])
  }
})

test('slow is a ? between two stars', () => {
  expect(['*a?*', '**?*', '*?*'].map(isSlow)).toEqual([true, true, true])
  expect(['a?b*c', '*a?', 'a?', '?*?', '*', '**', ''].map(isSlow)).toEqual(Array(7).fill(false))
})
