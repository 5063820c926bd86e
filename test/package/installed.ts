import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'

const run = promisify(execFile)

/** The repository's own versions of what a program needs besides the package. */
const versions = async (...names: string[]) =>
  Promise.all(
    names.map(async (name) => {
      const { version } = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'))
      return `${name}@${version}`
    }),
  )

/** A folder of somebody who has installed the package. */
export type Installed = {
  /** The paths of the tarball. */
  packed: readonly string[]
  npm(...args: string[]): Promise<string>
  /** Runs a tool of the repository's in the folder. @throws with its output when it fails. */
  tool(path: string, ...args: string[]): Promise<string>
  /** Writes a TypeScript program and, beside it, what Node runs. */
  write(name: string, program: string): Promise<void>
  writeText(name: string, text: string): Promise<void>
  readText(name: string): Promise<string>
  /** The names in a folder of it. */
  files(name: string): Promise<string[]>
  /** Starts a program of the folder. Nothing of the environment is inherited but PATH. */
  start(path: string, settings: Record<string, string>, args?: readonly string[]): Started
  remove(): Promise<void>
}

export type Started = {
  child: ChildProcess
  /** Waits for words in the output. @throws when the process ends without them. */
  said(words: RegExp): Promise<RegExpExecArray>
  exit: Promise<{ code: number | null; output: string }>
}

/** Packs the package, and installs the tarball in an empty folder, without what is optional. */
export async function install(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'installed-'))
  const children: ChildProcess[] = []
  const at = (name: string) => join(folder, name)
  const npm = async (...args: string[]) => (await run('npm', args, { cwd: folder })).stdout
  const packing = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder])
  const [{ filename, files }] = JSON.parse(packing.stdout.slice(packing.stdout.indexOf('[\n')))
  await writeFile(at('package.json'), '{ "name": "user", "private": true, "type": "module" }')
  const beside = await versions('hono', '@hono/node-server', '@types/node')
  await npm(
    'install',
    '--omit=optional',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `./${filename}`,
    ...beside,
  )

  return {
    packed: files.map(({ path }: { path: string }) => path),
    npm,
    tool: async (path, ...args) => {
      const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' }
      const result = await run(process.execPath, [resolve(path), ...args], { cwd: folder, env }).catch(
        (error) => {
          throw new Error(`${path}: ${error.stdout}${error.stderr}`)
        },
      )
      return result.stdout
    },
    write: async (name, program) => {
      await writeFile(at(`${name}.ts`), program)
      await writeFile(at(`${name}.js`), (await transform(program, { loader: 'ts' })).code)
    },
    writeText: (name, text) => writeFile(at(name), text),
    readText: (name) => readFile(at(name), 'utf8'),
    files: (name) => readdir(at(name)),
    start: (path, settings, args = []) => {
      const child = spawn(process.execPath, [at(path), ...args], {
        cwd: folder,
        env: { PATH: process.env.PATH ?? '', ...settings },
      })
      children.push(child)
      return watch(child)
    },
    remove: async () => {
      for (const child of children) child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function watch(child: ChildProcess): Started {
  let output = ''
  const exit = new Promise<{ code: number | null; output: string }>((done) =>
    child.once('close', (code) => done({ code, output })),
  )
  const said = (words: RegExp) =>
    new Promise<RegExpExecArray>((found, failed) => {
      const look = () => {
        const match = words.exec(output)
        if (match !== null) found(match)
      }
      child.stdout?.on('data', look)
      void exit.then(() => failed(new Error(`it ended without ${words}: ${output}`)))
      look()
    })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (output += bytes))
  return { child, said, exit }
}
