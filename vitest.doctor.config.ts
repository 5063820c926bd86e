import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// Whole deployments, action by action and fault by fault.
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: ['test/doctor/**/*.test.ts'],
      isolate: false,
      globalSetup: 'test/build-cli.ts',
      setupFiles: 'src/bytes/compiled.ts',
    },
  }),
)
