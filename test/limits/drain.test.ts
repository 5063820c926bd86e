import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../node/free-port.ts'
import { clientOf, killGateways, started, until } from '../node/gateway-process.ts'

let directory: string
let GATEWAY_CONFIG: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drain-'))
  GATEWAY_CONFIG = join(directory, 'settings.yaml')
})
afterEach(killGateways)
afterAll(() => rm(directory, { recursive: true, force: true }))

const write = (document: object) => writeFile(GATEWAY_CONFIG, JSON.stringify(document))

describe.each([
  ['1', 'from the start', { timeouts: { drain: 5 } }, {}],
  ['1', 'read again', {}, {}],
  ['2', 'read again', {}, {}],
  ['1', 'of a container', {}, { container: 'oci' }],
  ['1', 'of a pod', {}, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
])('WORKERS=%s, settings %s', (WORKERS, how, first, environment: Record<string, string>) => {
  test('told to stop, says so to health checks first, and goes on serving for a while', async () => {
    await write(first)
    const oss =
      WORKERS === '1'
        ? {}
        : {
            OSS_ENDPOINT: 'http://127.0.0.1:1',
            OSS_ACCESS_KEY_ID: 'local',
            OSS_ACCESS_KEY_SECRET: 'local-secret',
          }
    const port = await freePort()
    const gateway = await started({ ...environment, GATEWAY_CONFIG, WORKERS, ADMIN_PORT: port, ...oss })
    const readiness = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text()
    if (how === 'read again') {
      await write({ timeouts: { drain: 5 } })
      gateway.child.kill('SIGHUP')
      await until(() => gateway.output().includes('settings read again'))
    }
    gateway.child.kill('SIGTERM')
    await until(async () => (await readiness()) === 'stopping\n')
    // The embedded OSS has no such bucket, and the other one cannot be reached.
    expect([404, 503]).toContain(
      await clientOf(gateway)
        .send(new HeadBucketCommand({ Bucket: 'bucket' }))
        .catch(({ $metadata }) => $metadata.httpStatusCode),
    )
    expect(await gateway.exit).toBe(0)
  })
})
