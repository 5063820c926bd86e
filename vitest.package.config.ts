import { defineConfig, mergeConfig } from 'vitest/config'
import shared from './vitest.shared.ts'

// What is published, as who installs it finds it.
export default mergeConfig(shared, defineConfig({ test: { include: ['test/package/**/*.test.ts'] } }))
