import { build } from 'esbuild'

/** What Miniflare is to run: the bundle, as the platform would. */
export const builtWorker = {
  modules: true as const,
  scriptPath: 'dist/test/worker.js',
  modulesRules: [{ type: 'CompiledWasm' as const, include: ['**/*.wasm'] }],
  compatibilityDate: '2026-04-01',
  compatibilityFlags: ['nodejs_compat', 'enable_request_signal'],
  cf: false,
}

/** Bundles the Worker once for all tests that drive workerd from outside. */
export default async function setup(): Promise<void> {
  await build({
    entryPoints: ['src/worker/index.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    outfile: builtWorker.scriptPath,
    logLevel: 'warning',
  })
}
