import { defineConfig } from 'vitest/config'

/** What every suite runs with. Limits are there to end what hangs: on a busy machine it takes longer to be told. */
export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    // What failed, with all that it printed.
    reporters: ['minimal'],
    // The SDK's word on the version of Node.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
})
