import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// Against any S3 endpoint with S3_ENDPOINT, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY; else against the
// gateway in both runtimes, or the one that CONFORMANCE_RUNTIME names.
const { S3_ENDPOINT, CONFORMANCE_RUNTIME } = process.env
const targets = S3_ENDPOINT ? ['endpoint'] : CONFORMANCE_RUNTIME ? [CONFORMANCE_RUNTIME] : ['node', 'workerd']

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      projects: targets.map((name) => ({
        extends: './vitest.shared.ts',
        test: {
          name,
          include: ['test/conformance/**/*.test.ts'],
          globalSetup: 'test/conformance/setup.ts',
        },
      })),
    },
  }),
)
