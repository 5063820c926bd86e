import OSS from 'ali-oss'
import { afterAll, expect, test } from 'vitest'
import type { Report } from '../../../src/cli/doctor/report.ts'
import { freePort } from '../../node/free-port.ts'
import { killGateways, spawnGateway, until } from '../../node/gateway-process.ts'

const CERT = 'test/data/localhost-cert.pem'

afterAll(killGateways)

/** Doctor as a process of its own: whom it trusts is read when it starts. */
async function doctor(args: string[], settings: Record<string, string>): Promise<Report> {
  const run = spawnGateway(settings, ['doctor', '--json', ...args])
  await run.exit
  return JSON.parse(run.output()) as Report
}

test('over TLS that this machine trusts all is right, and says until when', async () => {
  const settings = {
    PORT: await freePort(),
    LOCAL_OSS_PORT: await freePort(),
    LOCAL_OSS_DIR: ':memory:',
    ADMIN_PORT: '0',
    TLS_CERT_FILE: CERT,
    TLS_KEY_FILE: 'test/data/localhost-key.pem',
  }
  const gateway = spawnGateway(settings)
  await until(() => gateway.output().includes('S3 endpoint'))
  const oss = new OSS({
    accessKeyId: 'local',
    accessKeySecret: 'local-secret',
    bucket: 'photos',
    endpoint: `http://127.0.0.1:${settings.LOCAL_OSS_PORT}`,
    region: 'oss-cn-hangzhou',
    authorizationV4: true,
  } as OSS.Options)
  await oss.putBucket('photos')
  const trusting = { ...settings, NODE_EXTRA_CA_CERTS: CERT }
  const args = ['--bucket', 'photos', '--endpoint', `https://127.0.0.1:${settings.PORT}`]
  const { results, ok } = await doctor(args, trusting)
  expect(results.filter(({ outcome }) => outcome === 'wrong')).toEqual([])
  expect(ok).toBe(true)
  expect(results.find(({ about, check }) => about === 'gateway' && check === 'certificate')?.said).toMatch(
    /^valid until \d{4}-\d\d-\d\d$/,
  )
  const distrusting = await doctor(args, settings)
  const wrong = distrusting.results.filter(({ outcome }) => outcome === 'wrong')
  expect(wrong.map(({ about, check }) => [about, check])).toEqual([['gateway', 'certificate']])
})
