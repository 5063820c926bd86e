import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/index.ts'
import { parseConfig } from '../../src/config/parse-config.ts'

const real = { OSS_REGION: 'cn-hangzhou', OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'secret' }

/** Undefined: not set, whatever {@link real} says. */
type Settings = Record<string, string | undefined>

function problemsOf(environment: Settings, document?: string): readonly string[] {
  try {
    parseConfig(environment, document)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('without any setting it is the embedded OSS on this machine', () => {
  const config = parseConfig({})
  expect(config).toMatchObject({
    listen: { host: '127.0.0.1', port: 9000, adminHost: '127.0.0.1', adminPort: 9001, tls: undefined },
    localOss: { directory: '.local-oss', port: 9010, copyLimit: 1024 ** 3, restoreTime: 0, day: 86_400 },
    endpoint: { protocol: 'https:', host: 'oss-cn-hangzhou.aliyuncs.com', region: 'cn-hangzhou' },
    credentials: { key: { accessKeyId: 'local', accessKeySecret: 'local-secret' } },
    domains: [],
  })
  expect([...config.clients.values()]).toEqual([
    { accessKeyId: 'local', secretAccessKeys: ['local-secret'], readOnly: false },
  ])
})

test.each(['OSS_REGION', 'OSS_ENDPOINT', 'OSS_ACCESS_KEY_ID'])(
  'with %s alone it is never the embedded OSS',
  (name) => {
    const problems = problemsOf({
      [name]: real[name as 'OSS_REGION'] ?? 'https://oss-cn-hangzhou.aliyuncs.com',
    })
    expect(problems.join('\n')).toContain('OSS_ACCESS_KEY_SECRET is missing')
  },
)

test('blanks around a setting do not count', () => {
  expect(parseConfig({ PORT: ' 80 ', LOCAL_OSS_DIR: 'data\n' })).toMatchObject({
    listen: { port: 80 },
    localOss: { directory: 'data' },
  })
})

describe('the endpoint', () => {
  test.each<[settings: Settings, protocol: string, host: string, region: string]>([
    [{}, 'https:', 'oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou'],
    [{ OSS_REGION: 'oss-eu-central-1' }, 'https:', 'oss-eu-central-1.aliyuncs.com', 'eu-central-1'],
    [
      { OSS_REGION: undefined, OSS_ENDPOINT: 'oss-cn-beijing-internal.aliyuncs.com' },
      'https:',
      'oss-cn-beijing-internal.aliyuncs.com',
      'cn-beijing',
    ],
    [
      { OSS_REGION: undefined, OSS_ENDPOINT: 'HTTP://OSS-CN-BEIJING.aliyuncs.com/' },
      'http:',
      'oss-cn-beijing.aliyuncs.com',
      'cn-beijing',
    ],
    [
      { OSS_ENDPOINT: 'https://oss-accelerate.aliyuncs.com' },
      'https:',
      'oss-accelerate.aliyuncs.com',
      'cn-hangzhou',
    ],
    [{ OSS_ENDPOINT: 'http://127.0.0.1:9010' }, 'http:', '127.0.0.1:9010', 'cn-hangzhou'],
    [{ OSS_REGION: undefined, OSS_ENDPOINT: 'http://[::1]:9010' }, 'http:', '[::1]:9010', 'cn-hangzhou'],
    [{ OSS_ENDPOINT: 'https://oss.corp.example' }, 'https:', 'oss.corp.example', 'cn-hangzhou'],
  ])('of %j', (settings, protocol, host, region) => {
    expect(parseConfig({ ...real, ...settings }).endpoint).toEqual({ protocol, host, region })
  })

  test.each<[settings: Settings, problem: RegExp]>([
    [{ OSS_REGION: undefined }, /^OSS_REGION is missing/],
    [{ OSS_REGION: 'Hangzhou' }, /^OSS_REGION is "Hangzhou"/],
    [{ OSS_REGION: 'cn-hangzhou.evil.example' }, /^OSS_REGION is/],
    [{ OSS_ENDPOINT: 'ftp://oss-cn-hangzhou.aliyuncs.com' }, /^OSS_ENDPOINT is/],
    [{ OSS_ENDPOINT: 'https://bucket@oss-cn-hangzhou.aliyuncs.com' }, /^OSS_ENDPOINT is/],
    [{ OSS_ENDPOINT: 'https://oss-cn-hangzhou.aliyuncs.com/bucket' }, /^OSS_ENDPOINT is/],
    [{ OSS_REGION: undefined, OSS_ENDPOINT: 'https://oss.corp.example' }, /^OSS_REGION is missing/],
    [{ OSS_ACCESS_KEY_ID: undefined }, /^OSS_ACCESS_KEY_ID is missing/],
    [{ OSS_ACCESS_KEY_SECRET: undefined }, /^OSS_ACCESS_KEY_SECRET is missing/],
  ])('of %j is refused', (settings, problem) => {
    expect(problemsOf({ ...real, ...settings })).toEqual([expect.stringMatching(problem)])
  })
})

describe('one setting', () => {
  test.each<[name: string, value: string, problem: RegExp]>([
    ['PORT', '65536', /^PORT is "65536": it must be a whole number from 0 to 65535$/],
    ['PORT', '-1', /^PORT is "-1"/],
    ['PORT', '80.5', /^PORT is/],
    ['PORT', 'http', /^PORT is "http"/],
    ['ADMIN_PORT', 'off', /^ADMIN_PORT is "off"/],
    ['WORKERS', '0', /^WORKERS is "0": it must be auto or a whole number from 1 to 256$/],
    ['WORKERS', '1.5', /^WORKERS is "1.5"/],
    ['WORKERS', 'all', /^WORKERS is "all"/],
    ['WORKERS', '2', /^WORKERS is "2": the embedded OSS lives in one process/],
    ['LOCAL_OSS_PORT', '99999', /^LOCAL_OSS_PORT is/],
    ['LOCAL_OSS_COPY_LIMIT', '1 GB', /^LOCAL_OSS_COPY_LIMIT is "1 GB"/],
    ['LOCAL_OSS_RESTORE_TIME', '1 h', /^LOCAL_OSS_RESTORE_TIME is "1 h": it must be seconds/],
    ['LOCAL_OSS_RESTORE_TIME', '-1', /^LOCAL_OSS_RESTORE_TIME is/],
    ['LOCAL_OSS_DAY', '1 s', /^LOCAL_OSS_DAY is "1 s": it must be from 100ms to 24h: seconds/],
    ['LOCAL_OSS_DAY', '0', /^LOCAL_OSS_DAY is "0": it must be from 100ms to 24h/],
    ['LOCAL_OSS_DAY', '99ms', /^LOCAL_OSS_DAY is "99ms": it must be from 100ms to 24h/],
    ['LOCAL_OSS_DAY', '25h', /^LOCAL_OSS_DAY is "25h": it must be from 100ms to 24h/],
    ['TLS_CERT_FILE', 'cert.pem', /^TLS_KEY_FILE is missing/],
    ['TLS_KEY_FILE', 'key.pem', /^TLS_CERT_FILE is missing/],
    ['S3_ACCESS_KEY_ID', 'id', /^S3_SECRET_ACCESS_KEY is missing/],
    ['S3_SECRET_ACCESS_KEY', 'secret', /^S3_ACCESS_KEY_ID is missing/],
    ['S3_DOMAIN', 'https://s3.example.com', /^S3_DOMAIN has "https:\/\/s3.example.com"/],
    ['S3_DOMAIN', 's3.example.com:9000', /^S3_DOMAIN has/],
    ['S3_DOMAIN', 's3.example.com,a b', /^S3_DOMAIN has "a b"/],
  ])('%s=%s is refused by name', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(problem)])
  })

  test.each<[settings: Settings, workers: number | 'auto']>([
    [{}, 1],
    [{ WORKERS: '1' }, 1],
    [{ WORKERS: 'auto' }, 1],
    [real, 1],
    [{ ...real, WORKERS: '8' }, 8],
    [{ ...real, WORKERS: 'auto' }, 'auto'],
  ])('with %j the workers are %s', (settings, workers) => {
    expect(parseConfig(settings).workers).toBe(workers)
  })

  test.each<[Settings, string, string[]]>([
    [{ ...real, WORKERS: '2' }, 'process', ['WORKERS is 2']],
    [{ ...real, WORKERS: 'auto' }, 'process', ['WORKERS is auto']],
    [real, 'process', []],
    [{ WORKERS: 'auto' }, 'process', []],
    [{ ...real, WORKERS: '2' }, 'lock', []],
    [{ ...real, WORKERS: '2' }, 'refuse', []],
  ])(
    'with %j conditionalWrites: %s is wrong where writes go on in several processes',
    (settings, held, why) => {
      expect(problemsOf(settings, `conditionalWrites: ${held}`)).toEqual(
        why.map((reason) =>
          expect.stringMatching(new RegExp(`conditionalWrites: process .* ${reason}: use lock`)),
        ),
      )
    },
  )

  test('S3_DOMAIN takes several, in any case, with or without the star', () => {
    expect(parseConfig({ S3_DOMAIN: 'S3.Example.com, *.s3.local ,,.x.y' }).domains).toEqual([
      's3.example.com',
      's3.local',
      'x.y',
    ])
  })
})

describe('the document', () => {
  test('is YAML or JSON', () => {
    const yaml = 'clients:\n  - accessKeyId: app\n    secretAccessKey: s\n    buckets: [one, two]\n'
    const json = JSON.stringify({
      clients: [{ accessKeyId: 'app', secretAccessKey: 's', buckets: ['one', 'two'] }],
    })
    for (const text of [yaml, json]) {
      const app = parseConfig({}, text).clients.get('app')
      expect(app).toMatchObject({ secretAccessKeys: ['s'], buckets: ['one', 'two'], readOnly: false })
    }
  })

  test.each(['{}', '# nothing yet\n{}\n', '---\n{}'])('%j says nothing', (text) => {
    expect(parseConfig({}, text).document).toEqual(parseConfig({}).document)
  })

  test.each<[text: string, problem: RegExp]>([
    ['clients: [', /^GATEWAY_CONFIG is neither YAML nor JSON/],
    ...['', '  \n', '# nothing yet\n', '---\n# nor here\n...\n', '""', '\ufeff'].map(
      (text): [string, RegExp] => [
        text,
        /^GATEWAY_CONFIG: the document is empty; {} is one that says nothing$/,
      ],
    ),
    ['- a list', /^GATEWAY_CONFIG: the document must be names with values, not a list$/],
    ['just a text', /^GATEWAY_CONFIG: the document/],
    ['nonsense: 1', /^GATEWAY_CONFIG: nonsense: there is no such setting$/],
    ['clients: [{ accessKeyId: a }]', /^GATEWAY_CONFIG: clients\.0\.secretAccessKey/],
    ['clients: [{ accessKeyId: "", secretAccessKey: s }]', /^GATEWAY_CONFIG: clients\.0\.accessKeyId/],
    [
      'clients: [{ accessKeyId: a, secretAccessKey: s, admin: true }]',
      /^GATEWAY_CONFIG: clients\.0\.admin: there is no such setting$/,
    ],
    ['clients: [{ accessKeyId: local, secretAccessKey: s }]', /accessKeyId local is there twice/],
    ['acl: { default: public }', /^GATEWAY_CONFIG: acl\.default/],
    ['storageClass: { default: COLD }', /^GATEWAY_CONFIG: storageClass\.default/],
    ['storageClass: { map: { GLACIER: Ice } }', /^GATEWAY_CONFIG: storageClass\.map\.GLACIER/],
    ['conditionalWrites: maybe', /^GATEWAY_CONFIG: conditionalWrites/],
    ['copy: { oversize: ignore }', /^GATEWAY_CONFIG: copy\.oversize/],
    ['copy: { maxSize: -1 }', /^GATEWAY_CONFIG: copy\.maxSize/],
    ['copy: { maxSize: 5 GB }', /^GATEWAY_CONFIG: copy\.maxSize/],
    ['limits: { inFlight: 0 }', /^GATEWAY_CONFIG: limits\.inFlight/],
    ['limits: { inFlight: 1.5 }', /^GATEWAY_CONFIG: limits\.inFlight/],
    ['limits: { waiting: -1 }', /^GATEWAY_CONFIG: limits\.waiting/],
    ['limits: { waitingTime: 0 }', /^GATEWAY_CONFIG: limits\.waitingTime/],
    ['trustedProxies: [proxy]', /^GATEWAY_CONFIG: trustedProxies\.0: "proxy"/],
    ['trustedProxies: [10.0.0.0/33]', /^GATEWAY_CONFIG: trustedProxies\.0/],
    ['trustedProxies: [10.0.0.256]', /^GATEWAY_CONFIG: trustedProxies\.0/],
    ['trustedProxies: [10.0.0.0/8/8]', /^GATEWAY_CONFIG: trustedProxies\.0/],
    ['trustedProxies: ["fe80::1%eth0"]', /^GATEWAY_CONFIG: trustedProxies\.0/],
    [
      'accessLog: { to: access.log }',
      /^GATEWAY_CONFIG: accessLog\.to: "access.log": it must be off, stdout, the/,
    ],
    ['accessLog: { to: oss://B/ }', /^GATEWAY_CONFIG: accessLog\.to: "B" is no bucket/],
    ['accessLog: { to: oss://logs//x }', /^GATEWAY_CONFIG: accessLog\.to: "\/x": no key begins/],
    ...['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'].map((to): [string, RegExp] => [
      `accessLog: { to: ${to} }`,
      /^GATEWAY_CONFIG: accessLog\.to: \/\w+\/.*: write stdout for standard output$/,
    ]),
    ['accessLog: { to: /var/log/ }', /^GATEWAY_CONFIG: accessLog\.to/],
    ['accessLog: { format: text }', /^GATEWAY_CONFIG: accessLog\.format/],
    ['timeouts: { drain: -1 }', /^GATEWAY_CONFIG: timeouts\.drain/],
    ['limits: { sockets: 9 }', /^GATEWAY_CONFIG: limits\.sockets: there is no such setting$/],
    ['timeouts: { client: { idle: 0 } }', /^GATEWAY_CONFIG: timeouts\.client\.idle/],
    ['timeouts: { client: { headers: 1 minute } }', /^GATEWAY_CONFIG: timeouts\.client\.headers/],
    ['timeouts: { client: { total: 3000000 } }', /^GATEWAY_CONFIG: timeouts\.client\.total/],
    [
      'timeouts: { client: { body: 1 } }',
      /^GATEWAY_CONFIG: timeouts\.client\.body: there is no such setting$/,
    ],
  ])('%s is refused, by the place of the mistake', (text, problem) => {
    expect(problemsOf({}, text)).toEqual([expect.stringMatching(problem)])
  })

  test('takes limits one by one, and fills in the others', () => {
    const { limits, timeouts } = parseConfig(
      {},
      'limits: { inFlight: 2, waiting: 0 }\ntimeouts: { client: { keepAlive: 0.5 } }',
    ).document
    expect(limits).toEqual({
      inFlight: 2,
      waiting: 0,
      waitingTime: 5,
      anonymous: 128,
      forms: 64,
      connections: 10_000,
    })
    expect(timeouts.client).toEqual({ headers: 30, idle: 60, keepAlive: 0.5, total: 86_400 })
  })

  test('expands no entity into memory', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi']
      .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
      .join('\n')}`
    // Expanded it would be some hundred million elements.
    expect(problemsOf({}, bomb).length).toBeGreaterThan(0)
  })
})

test('every mistake is told at once, and none tells a secret', () => {
  const problems = problemsOf(
    {
      OSS_ENDPOINT: 'x/y',
      OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
      PORT: 'p',
      S3_SECRET_ACCESS_KEY: 'the-s3-secret',
      S3_DOMAIN: '?',
    },
    'nonsense: 1\nconditionalWrites: 2\nclients: [{ accessKeyId: a, secretAccessKey: the-client-secret, readOnly: 3 }]',
  )
  expect(problems.length).toBeGreaterThanOrEqual(8)
  expect(new Set(problems).size).toBe(problems.length)
  expect(problems.join('\n')).not.toMatch(/the-\w+-secret/)
})

test('settings cannot be changed afterwards', () => {
  const config = parseConfig(real)
  expect(() => Object.assign(config.listen, { port: 1 })).toThrow(TypeError)
  expect(() => Object.assign(config.document.copy, { maxSize: 1 })).toThrow(TypeError)
})

test('a session token goes along', () => {
  expect(parseConfig({ ...real, OSS_SESSION_TOKEN: 'sts' }).credentials).toMatchObject({
    key: { securityToken: 'sts' },
  })
})
