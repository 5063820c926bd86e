import { defineConfig } from 'vitest/config'

// What is slow, silent, gone, or more than the gateway takes: tests that wait for limits to strike, so many at a time.
export default defineConfig({
  test: {
    include: ['test/limits/**/*.test.ts'],
    maxWorkers: 4,
    globalSetup: 'test/build-worker.ts',
    // Clocks on a busy machine: a defect fails every time.
    retry: 2,
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
})
