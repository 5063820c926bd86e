import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createGateway } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { headerMap, type OssRequest } from '../../src/ports.ts'
import { credentialsOf } from '../credentials-of.ts'
import { sign } from './wire.ts'

/** A gateway in front of the real OSS's names, and every request it would have sent there. */
function gateway(answer: { status: number; body: string } = { status: 404, body: '' }) {
  const asked: OssRequest[] = []
  const config = parseConfig({
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'local',
    OSS_ACCESS_KEY_SECRET: 'local-secret',
    S3_DOMAIN: 's3.example.com',
  })
  const { answer: perform } = createGateway({
    ...nodePorts,
    sleep: async () => {},
    timer: () => () => {},
    config,
    credentials: credentialsOf(config),
    log: () => {},
    transport: async (request) => {
      asked.push(request)
      return {
        status: answer.status,
        headers: headerMap({ 'x-oss-request-id': '1' }),
        body: bytes(answer.body),
      }
    },
  })
  const ask = async (
    method: string,
    target: string,
    {
      host = 's3.example.com',
      headers = {},
      body = '',
    }: { host?: string; headers?: object; body?: string } = {},
  ) => {
    const signed = sign({ method, target, headers: { ...headers } as Record<string, string> }, host)
    const all = headerMap({ ...signed.headers, 'content-length': String(Buffer.byteLength(body)) })
    const incoming = {
      method,
      target,
      headers: all,
      body: bytes(body),
      signal: () => new AbortController().signal,
      waitUntil: () => {},
    }
    return (await perform(incoming)).status
  }
  return { ask, asked }
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text)
}

/** Where requests may go: OSS's own hosts, a bucket of one label before them. */
const ossUrl =
  /^https:\/\/(?:[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\.)?oss-[a-z]{2,}(?:-[a-z0-9]+)+\.aliyuncs\.com\/[A-Za-z0-9\-._~%/]*(?:\?[A-Za-z0-9\-._~%=&]*)?$/

function expectOssOnly(asked: readonly OssRequest[]): void {
  for (const { url } of asked) {
    expect(url).toMatch(ossUrl)
    // However a URL parser reads it, the host is the same.
    expect(new URL(url).host).toMatch(/^([a-z0-9-]+\.)?oss-[a-z0-9-]+\.aliyuncs\.com$/)
    expect(new URL(url)).toMatchObject({ username: '', password: '', port: '', hash: '' })
  }
}

const names = [
  'evil.example',
  'evil.example:443',
  'user@evil.example',
  'user:pw@evil',
  'evil.example/',
  'evil.example#',
  'evil.example?',
  'evil.example\\',
  'a%2F@evil',
  '..',
  '127.0.0.1',
  '[::1]',
  'localhost:80',
  'oss-cn-beijing.aliyuncs.com',
  'bucket.oss-cn-beijing',
  'xn--e1afmkfd',
  'evil%00.example',
  'ｅｖｉｌ',
  'evil。example',
  'bucket\n',
  'bucket\r\nhost: evil',
  'constructor',
]

test('bucket names, in the path, the host and the copy source, never become another host', async () => {
  const { ask, asked } = gateway()
  for (const name of names) {
    const encoded = encodeURIComponent(name)
    for (const method of ['GET', 'PUT', 'HEAD', 'DELETE', 'POST']) {
      await ask(method, `/${encoded}/key`)
      await ask(method, `/${encoded}`)
      await ask(method, '/key', { host: `${name}.s3.example.com` })
    }
    for (const source of [`${encoded}/key`, `/${encoded}/key`, `${encoded}%2Fkey`, `${name}/key`]) {
      await ask('PUT', '/bucket/key', { headers: { 'x-amz-copy-source': source } })
    }
  }
  // A test that asked for nothing would prove nothing.
  expect(asked.length).toBeGreaterThan(5)
  expectOssOnly(asked)
})

test('keys, versions, prefixes and every other parameter stay in path and query', async () => {
  const { ask, asked } = gateway()
  const values = [...names, '?x=1#y', '&prefix=z', '=', '%', '%2F..%2F', '@evil.example/', '//evil.example/']
  for (const value of values.map(encodeURIComponent)) {
    await ask('GET', `/bucket/x${value}`)
    await ask('PUT', '/bucket/key', {
      headers: { 'x-amz-copy-source': `bucket/x${value}?versionId=${value}` },
    })
    await ask('GET', `/bucket/key?versionId=${value}&response-content-type=${value}`)
    await ask('GET', `/bucket?list-type=2&prefix=${value}&delimiter=${value}&start-after=${value}`)
    await ask('GET', `/bucket?prefix=${value}&marker=${value}`)
    await ask('GET', `/?prefix=${value}&continuation-token=${value}`)
    await ask('DELETE', `/bucket/key?uploadId=${value}`)
    await ask('GET', `/bucket?uploads&key-marker=${value}&upload-id-marker=${value}`)
  }
  expect(asked.length).toBeGreaterThan(values.length * 3)
  expectOssOnly(asked)
})

describe('a region', () => {
  const regions = [
    ...names,
    'cn-beijing.evil.example',
    'cn-beijing/',
    'cn-beijing@evil',
    'cn-beijing-internal',
    'oss-',
  ]

  test('that a client names never becomes another host', async () => {
    const { ask, asked } = gateway({ status: 404, body: '<Error><Code>NoSuchBucket</Code></Error>' })
    for (const region of [...regions, 'cn-beijing']) {
      const escaped = region.replace(/[<&>]/g, '')
      const body = `<CreateBucketConfiguration><LocationConstraint>${escaped}</LocationConstraint></CreateBucketConfiguration>`
      await ask('PUT', '/bucket', { body })
    }
    expect(asked.some(({ url }) => url.startsWith('https://bucket.oss-cn-beijing.aliyuncs.com/'))).toBe(true)
    expectOssOnly(asked)
  })

  test.each(regions)('that OSS’s answer names, %j, never becomes another host', async (region) => {
    for (const endpoint of [region, `oss-${region}.aliyuncs.com`, `https://oss-${region}.aliyuncs.com`]) {
      const body = `<Error><Code>AccessDenied</Code><Message>m</Message><Endpoint>${endpoint.replace(/[<&>]/g, '')}</Endpoint></Error>`
      const { ask, asked } = gateway({ status: 403, body })
      for (let i = 0; i < 2; i++) await ask('GET', '/bucket/key')
      expectOssOnly(asked)
    }
  })
})

test('no bytes of a target or a Host, however they fall, reach another host', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'bucket',
      'key',
      '/',
      '//',
      '@',
      ':',
      '.',
      '..',
      '%2F',
      '%40',
      '%2e',
      '?',
      '#',
      '\\',
      'evil.example',
    ),
    fc.string({ maxLength: 3 }),
  )
  let total = 0
  const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(
      text,
      text,
      text,
      fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD'),
      async (path, label, source, method) => {
        const { ask, asked } = gateway()
        await ask(method, `/${path}`, { headers: { 'x-amz-copy-source': `bucket/${source}` } })
        await ask(method, `/bucket/${path}`)
        await ask(method, `/${path}`, { host: `${label}.s3.example.com` })
        total += asked.length
        expectOssOnly(asked)
      },
    ),
    { numRuns: 300 },
  )
  expect(total).toBeGreaterThan(100)
})
