import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// On workerd what the gateway's tests have for each runtime, and what is of Workers alone.
const ofGateway = readdirSync('test/gateway')
  .map((name) => `test/gateway/${name}`)
  .filter((file) => file.endsWith('.test.ts') && /\b(?:runtimes|setups)\b/.test(readFileSync(file, 'utf8')))

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: [...ofGateway, 'test/worker/**/*.test.ts'],
      env: { RUNTIME: 'workerd' },
      // As vitest.config.ts says of it.
      maxWorkers: availableParallelism() + 2,
      isolate: false,
      globalSetup: 'test/build-worker.ts',
      setupFiles: 'src/bytes/compiled.ts',
    },
  }),
)
