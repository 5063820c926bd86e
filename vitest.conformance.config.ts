import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// Against any S3 endpoint with S3_ENDPOINT, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY; else against the
// gateway in both runtimes, and by the names that its settings give to buckets (setup.ts), or what CONFORMANCE_RUNTIME names.
const { S3_ENDPOINT, CONFORMANCE_RUNTIME } = process.env
const all = ['node', 'workerd', 'aliases', 'parts', 'parts-on-workerd']
const targets = S3_ENDPOINT ? ['endpoint'] : CONFORMANCE_RUNTIME ? [CONFORMANCE_RUNTIME] : all
// What is asked of a bucket as a whole is refused of a part of one: test/gateway/part-of-bucket.test.ts.
const ofWholeBuckets = ['buckets', 'bucket-documents', 'document-rules', 'malformed-documents', 'refused']

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      projects: targets.map((name) => ({
        extends: './vitest.shared.ts',
        test: {
          name,
          include: ['test/conformance/**/*.test.ts'],
          exclude: name.startsWith('parts')
            ? ofWholeBuckets.map((file) => `test/conformance/${file}.test.ts`)
            : [],
          globalSetup: 'test/conformance/setup.ts',
        },
      })),
    },
  }),
)
