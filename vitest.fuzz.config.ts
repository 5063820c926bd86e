import { defineConfig } from 'vitest/config'

// FUZZ_RUNS: cases of each property; FUZZ_SEED: as a failure printed it.
export default defineConfig({
  test: {
    include: ['test/fuzz/**/*.fuzz.ts'],
    testTimeout: 20 * 60_000,
    hookTimeout: 60_000,
  },
})
