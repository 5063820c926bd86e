import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// The command line: each command as it is typed, and what doctor and explain say of whole deployments.
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: ['test/cli/**/*.test.ts'],
      isolate: false,
      globalSetup: 'test/build-cli.ts',
      setupFiles: 'src/bytes/compiled.ts',
    },
  }),
)
