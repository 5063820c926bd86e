/**
 * Builds what is packed: the library's entries and the command line, and the declarations that the entries need.
 * `--without-types` leaves the declarations out, which nothing needs to run.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

/** The names in `exports` and `bin` of package.json → where they begin. */
const entryPoints = {
  index: 'src/index.ts',
  node: 'src/node/index.ts',
  worker: 'src/worker/index.ts',
  'local-oss': 'src/local-oss/index.ts',
  cli: 'src/cli/index.ts',
}
const TYPES = 'dist/types'

const tsc = (...args: string[]) =>
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })

function removeLastBuild(): void {
  for (const folder of ['dist/chunks', TYPES]) rmSync(folder, { recursive: true, force: true })
  for (const name of Object.keys(entryPoints)) rmSync(`dist/${name}.js`, { force: true })
}

/** TypeScript declares every module that the entries import: those that no declaration refers to are taken out again. */
function declare(): void {
  tsc('-p', 'tsconfig.build.json')
  const { index, node, worker, 'local-oss': localOss } = entryPoints
  const declarations = [index, node, worker, localOss].map((source) =>
    source.replace(/^src(.*)\.ts$/, `${TYPES}$1.d.ts`),
  )
  const referred = new Set(
    tsc('--ignoreConfig', '--listFilesOnly', '--types', 'node', ...declarations).split('\n'),
  )
  for (const path of readdirSync(TYPES, { recursive: true, encoding: 'utf8' })) {
    const file = join(TYPES, path)
    if (file.endsWith('.d.ts') && !referred.has(resolve(file))) rmSync(file)
  }
}

removeLastBuild()
await build({
  entryPoints,
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  assetNames: 'chunks/[name]-[hash]',
  // Imported by the Worker as it is: the user's bundler compiles it.
  loader: { '.wasm': 'copy' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
})
if (!process.argv.includes('--without-types')) declare()
