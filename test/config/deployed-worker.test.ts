import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { environmentOnWorkers } from '../../src/config/on-workers.ts'
import { problemsOf, real } from './problems.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const wrangler = unstable_readConfig({ config: 'wrangler.toml' })
/** What is asked for when the Worker is deployed by a button: https://developers.cloudflare.com/workers/platform/deploy-buttons/ */
const secrets = Object.fromEntries(
  [...read('.dev.vars.example').matchAll(/^(\w+)="(.*)"$/gm)].map(([, name, value]) => [name, value]),
)
const vars = wrangler.vars as Record<string, string>

test('each secret and variable that is asked for is a setting of Workers, and is described', () => {
  const { bindings } = JSON.parse(read('package.json')).cloudflare
  expect(Object.keys(bindings).sort()).toEqual([...Object.keys(vars), ...Object.keys(secrets)].sort())
  for (const [name, { description }] of Object.entries<{ description: string }>(bindings)) {
    expect(environmentOnWorkers).toHaveProperty(name, true)
    expect(description.length).toBeGreaterThan(20)
  }
})

test('no secret that is left as it is asked for is taken: everybody could read it here', () => {
  const right = { OSS_ACCESS_KEY_ID: 'key', OSS_ACCESS_KEY_SECRET: 'the-oss-secret', S3_ACCESS_KEY_ID: 'one' }
  const client = { S3_SECRET_ACCESS_KEY: 'the-client-secret' }
  expect(Object.keys(secrets).sort()).toEqual([...Object.keys(right), ...Object.keys(client)].sort())
  expect(problemsOf({ ...vars, ...right, ...client }, undefined, 'workers')).toEqual([])
  for (const [name, value] of Object.entries(secrets)) {
    const problems = problemsOf({ ...vars, ...right, ...client, [name]: value }, undefined, 'workers')
    expect(problems).toEqual([expect.stringContaining(name)])
    expect(problems.join()).not.toContain(value)
  }
})

test('the Worker is deployed minified, near OSS, and with a log that has no request’s URL', () => {
  const { minify, keep_names, placement, observability, upload_source_maps, compatibility_flags } = wrangler
  expect({ minify, keep_names, placement, upload_source_maps }).toEqual({
    minify: true,
    keep_names: false,
    placement: { mode: 'smart' },
    upload_source_maps: true,
  })
  // The platform's own line for a request has a presigned URL whole.
  expect(observability).toMatchObject({ enabled: true, logs: { enabled: true, invocation_logs: false } })
  expect(compatibility_flags).toContain('enable_request_signal')
})

test('what wrangler.toml leaves to be switched on is right as it stands there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wrangler-'))
  const switchedOn = read('wrangler.toml').replace(/^# (?=\[{1,2}[\w.]+\]{1,2}$|[\w.]+ = .+$)/gm, '')
  writeFileSync(join(folder, 'wrangler.toml'), switchedOn)
  const all = unstable_readConfig({ config: join(folder, 'wrangler.toml') })
  rmSync(folder, { recursive: true })
  expect(all.limits).toEqual({ cpu_ms: 300_000 })
  expect(all.kv_namespaces).toEqual([expect.objectContaining({ binding: 'CONFIG' })])
  expect(all.analytics_engine_datasets).toEqual([
    { binding: 'METRICS', dataset: 's3_oss_gateway' },
    { binding: 'CALL_METRICS', dataset: 's3_oss_gateway_calls' },
  ])
  const document = JSON.stringify(all.vars.GATEWAY_CONFIG)
  expect(document).toContain('accessLog')
  expect(problemsOf(real, document, 'workers')).toEqual([])
})
