import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// What test/deploy/run.sh runs against the image behind nginx.
export default mergeConfig(shared, defineConfig({ test: { include: ['test/deploy/**/*.test.ts'] } }))
