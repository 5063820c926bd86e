import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// Pure protocol tests run unchanged in both runtimes; the others start servers, and drive workerd from outside.
const everywhere = ['test/{s3,oss,translate,copy}/**/*.test.ts', 'test/bytes/{crc,xxh}.test.ts']

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      // More than there are cores: much of the time is spent waiting.
      maxWorkers: availableParallelism() + 2,
      projects: [
        {
          extends: './vitest.shared.ts',
          test: {
            name: 'node',
            include: ['test/**/*.test.ts'],
            // With suites of their own.
            exclude: ['test/{cli,conformance,deploy,limits,package,readings,worker}/**'],
            env: { RUNTIME: 'node' },
            // The SDK is loaded once, not once a file.
            isolate: false,
            // Objects of tests are many and short-lived: with room for more of them they are collected less often.
            execArgv: ['--max-semi-space-size=64'],
            globalSetup: 'test/build-cli.ts',
            setupFiles: 'src/bytes/compiled.ts',
          },
        },
        {
          extends: './vitest.shared.ts',
          plugins: [
            cloudflareTest({ main: './test/empty-worker.ts', wrangler: { configPath: './wrangler.toml' } }),
          ],
          test: {
            name: 'workerd',
            include: everywhere,
            setupFiles: 'src/worker/modules.ts',
            // A workerd for many: pure functions leave nothing behind.
            isolate: false,
          },
        },
      ],
    },
  }),
)
