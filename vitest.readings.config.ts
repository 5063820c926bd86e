import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// The gateway's suites over an embedded OSS with its other readings, wherever one is opened.
const alias = { './readings.ts': fileURLToPath(new URL('./test/readings/other.ts', import.meta.url)) }
const conformance = { include: ['test/conformance/**/*.test.ts'], globalSetup: 'test/conformance/setup.ts' }

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      maxWorkers: '100%',
      projects: [
        {
          name: 'gateway',
          include: ['test/{gateway,readings}/**/*.test.ts', 'test/cli/explain/*.test.ts'],
          isolate: false,
          globalSetup: ['test/build-worker.ts', 'test/build-cli.ts'],
        },
        { name: 'node', ...conformance },
        { name: 'workerd', ...conformance },
      ].map((test) => ({ extends: './vitest.shared.ts', resolve: { alias }, test })),
    },
  }),
)
