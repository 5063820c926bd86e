import { type BuildOptions, build } from 'esbuild'

const folder = 'dist/test'

/** The modules of a bundle. By name: Miniflare would parse it at each start, to look for what it imports. */
export const modulesOf = (name: string) => [
  { type: 'ESModule' as const, path: `${folder}/${name}.js` },
  ...['crc', 'xxh'].map((wasm) => ({ type: 'CompiledWasm' as const, path: `${folder}/${wasm}.wasm` })),
]

/** What Miniflare is to run: the bundle, as the platform would. */
export const builtWorker = {
  modules: modulesOf('worker'),
  compatibilityDate: '2026-04-01',
  compatibilityFlags: ['nodejs_compat', 'enable_request_signal'],
  cf: false,
}

/** How the Worker is bundled. */
export const bundling = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  external: ['node:*'],
  loader: { '.wasm': 'copy' },
  assetNames: '[name]',
  outdir: folder,
  minifyWhitespace: true,
  logLevel: 'warning',
} satisfies BuildOptions

/** Bundles the Worker once for all tests that drive workerd from outside. */
export default async function setup(): Promise<void> {
  await build({ ...bundling, entryPoints: { worker: 'src/worker/index.ts' } })
}
