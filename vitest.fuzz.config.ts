import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// FUZZ_RUNS: cases of each property; FUZZ_SEED: as a failure printed it.
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: ['test/fuzz/**/*.fuzz.ts'],
      // As many cases as are asked for; each has a limit of its own.
      testTimeout: 0,
    },
  }),
)
