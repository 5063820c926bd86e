import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// What is slow, silent, gone, or more than the gateway takes, and what changes under load: tests that wait for limits to
// strike, or write for seconds, so many at a time.
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: ['test/limits/**/*.test.ts'],
      maxWorkers: 4,
      globalSetup: ['test/build-worker.ts', 'test/build-cli.ts'],
    },
  }),
)
