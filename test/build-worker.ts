import { build } from 'esbuild'

/** Bundles the Worker once for all tests that drive workerd from outside. */
export default async function setup(): Promise<void> {
  await build({
    entryPoints: ['src/worker/index.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    outfile: 'dist/test/worker.js',
    logLevel: 'warning',
  })
}
