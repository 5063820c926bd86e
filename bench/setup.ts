import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { hasCommand } from './processes.ts'

/** Where a run's own folder is made: within reach of the packages, and where no other build changes what is measured. */
const CACHE = 'node_modules/.cache'

/** @returns an empty folder. */
export function makeFolder(): string {
  mkdirSync(CACHE, { recursive: true })
  return mkdtempSync(join(CACHE, 'bench-'))
}

/** Installs what is missing of nginx and wrk. @throws Error where there is no apt-get, or no right to it. */
export function install(): void {
  const missing = ['nginx', 'wrk'].filter((name) => !hasCommand(name))
  if (missing.length === 0) return
  console.info(`installing ${missing.join(' and ')}`)
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo']
  const command = [...asRoot, 'apt-get', 'install', '-y', '--no-install-recommends', ...missing]
  execFileSync(command[0] as string, command.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Builds the gateway as it is shipped, and the bench's own processes, into a folder. */
export async function buildAll(folder: string): Promise<void> {
  execFileSync('npm', ['run', 'build', '--silent'], { stdio: 'inherit' })
  cpSync('dist', join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  await build({
    entryPoints: ['stub', 'plain-proxy', 'flood', 'transfer'].map((name) => `bench/${name}.ts`),
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  })
}

/** Of what the figures depend on. */
export function versions(): Record<string, string> {
  // Both say it where errors are said, and wrk says it as one.
  const said = (name: string, argument: string) => {
    const { stdout, stderr } = spawnSync(name, [argument], { encoding: 'utf8' })
    return /\d+(\.\d+)+/.exec(stderr + stdout)?.[0] ?? 'of an unknown version'
  }
  return { 'Node.js': process.versions.node, nginx: said('nginx', '-v'), wrk: said('wrk', '-v') }
}
