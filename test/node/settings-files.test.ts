import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/index.ts'
import { readSettings } from '../../src/node/settings.ts'

const CERT = 'test/data/localhost-cert.pem'
const KEY = 'test/data/localhost-key.pem'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'))
  await mkdir(at('folder'))
  execFileSync('mkfifo', [at('pipe')])
  await cp('test/data/tls', folder, { recursive: true })
  await writeFile(at('text.pem'), 'hello\n')
  await writeFile(at('broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  await writeFile(
    at('chain.pem'),
    (await readFile(at('other-cert.pem'), 'utf8')) + (await readFile(CERT, 'utf8')),
  )
  await writeFile(at('latin1.yaml'), Buffer.from([0x23, 0xfc]))
  await writeFile(at('empty.yaml'), '')
  await writeFile(at('wrong.yaml'), 'copy: { parallel: none }\n')
  await writeFile(at('right.yaml'), 'copy: { parallel: 3 }\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** `@name` is a file of the test's own folder, or one of `test/data/tls`. */
function problemsOf(settings: Record<string, string>): readonly string[] {
  const environment = Object.entries(settings).map(([name, value]) => [
    name,
    value.replace(/^@/, () => `${folder}/`),
  ])
  try {
    readSettings(Object.fromEntries(environment))
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test.each<[cert: string, key: string, ...problems: RegExp[]]>([
  ['@none.pem', KEY, /^TLS_CERT_FILE: there is no such file$/],
  [CERT, '@none.pem', /^TLS_KEY_FILE: there is no such file$/],
  ['@none.pem', '@none.pem', /^TLS_CERT_FILE: there is no/, /^TLS_KEY_FILE: there is no/],
  ['@folder', KEY, /^TLS_CERT_FILE: that is a folder/],
  [CERT, '@text.pem', /^TLS_KEY_FILE: it holds no private key in PEM$/],
  ['@text.pem', KEY, /^TLS_CERT_FILE: it holds no certificate in PEM$/],
  ['@broken.pem', KEY, /^TLS_CERT_FILE: it holds no certificate in PEM$/],
  [KEY, CERT, /^TLS_CERT_FILE: that is a private key$/, /^TLS_KEY_FILE: that is a certificate$/],
  [CERT, '@other-key.pem', /^TLS_KEY_FILE: it is not the key of TLS_CERT_FILE's first certificate$/],
  ['@chain.pem', KEY, /^TLS_KEY_FILE: it is not the key of TLS_CERT_FILE's first certificate$/],
  ['@other-cert.pem', '@locked-key.pem', /^TLS_KEY_FILE: the key is encrypted/],
  ['@old-cert.pem', '@old-key.pem', /^TLS_CERT_FILE: the certificate has expired, on /],
])('certificate %s and key %s are refused', (TLS_CERT_FILE, TLS_KEY_FILE, ...problems) => {
  expect(problemsOf({ TLS_CERT_FILE, TLS_KEY_FILE })).toEqual(
    problems.map((problem) => expect.stringMatching(problem)),
  )
})
test.each([
  [CERT, KEY],
  ['@other-cert.pem', '@other-key.pem'],
  ['@chain.pem', '@other-key.pem'],
])('certificate %s and key %s are taken', (TLS_CERT_FILE, TLS_KEY_FILE) => {
  expect(problemsOf({ TLS_CERT_FILE, TLS_KEY_FILE })).toEqual([])
})

test('a key in the place of its file is not told to anyone', async () => {
  const TLS_KEY_FILE = await readFile(KEY, 'utf8')
  const problems = problemsOf({ TLS_CERT_FILE: CERT, TLS_KEY_FILE }).join()
  expect(problems).toContain('TLS_KEY_FILE')
  expect(problems).not.toContain('PRIVATE')
})

test.each<[name: string, value: string, problem: RegExp]>([
  ['GATEWAY_CONFIG', '@none.yaml', /^GATEWAY_CONFIG: there is no such file$/],
  ['GATEWAY_CONFIG', 'none.yaml', /^GATEWAY_CONFIG: there is no such file below \/.+, where it was started$/],
  ['GATEWAY_CONFIG', '@folder', /^GATEWAY_CONFIG: that is a folder, not a file$/],
  ['GATEWAY_CONFIG', '@pipe', /^GATEWAY_CONFIG: that is a named pipe/],
  ['GATEWAY_CONFIG', '@right.yaml/x', /^GATEWAY_CONFIG: there is no such file$/],
  ['GATEWAY_CONFIG', '@latin1.yaml', /^GATEWAY_CONFIG: the file is no text in UTF-8$/],
  ['GATEWAY_CONFIG', '@empty.yaml', /^GATEWAY_CONFIG: the document is empty; {} is one that says nothing$/],
  ['GATEWAY_CONFIG', '@wrong.yaml', /^GATEWAY_CONFIG: copy\.parallel/],
  ['LOCAL_OSS_DIR', '@text.pem', /^LOCAL_OSS_DIR: .*text\.pem is no folder$/],
  ['LOCAL_OSS_DIR', '@text.pem/data', /^LOCAL_OSS_DIR: .*text\.pem is no folder$/],
])('%s=%s is refused', (name, value, problem) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(problem)])
})

test('what is wrong in the environment, the document and the files is told at once', () => {
  const problems = problemsOf({
    PORT: 'x',
    GATEWAY_CONFIG: '@wrong.yaml',
    TLS_CERT_FILE: '@none.pem',
    TLS_KEY_FILE: KEY,
  })
  expect(problems).toHaveLength(3)
})

test('nothing is created by looking', () => {
  expect(problemsOf({ LOCAL_OSS_DIR: '@new/data', GATEWAY_CONFIG: '@right.yaml' })).toEqual([])
  expect(existsSync(at('new'))).toBe(false)
})
