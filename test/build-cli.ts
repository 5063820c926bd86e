import { build } from 'esbuild'

/** Where the tests find the command line. */
export const cli = 'dist/test/cli.js'

/** Bundles the command line once for all tests that start it. */
export default async function setup(): Promise<void> {
  await build({
    entryPoints: ['src/cli/index.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: cli,
    // With the packages, unlike what is packed (test/package): read one by one, they are half of a start.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`,
    },
    // Native, or read by doctor alone.
    external: ['classic-level', 'ali-oss', 'aws4'],
    logLevel: 'warning',
  })
}
