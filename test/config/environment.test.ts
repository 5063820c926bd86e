import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { problemsOf, real, type Settings } from './problems.ts'

describe('which OSS', () => {
  test.each<[settings: Settings]>([
    [{}],
    [{ PORT: '80', LOCAL_OSS_DIR: ':memory:' }],
    [{ S3_ACCESS_KEY_ID: 'app', S3_SECRET_ACCESS_KEY: 'the-s3-secret' }],
    // Other programs' names.
    [{ PATH: '/bin', AWS_ACCESS_KEY_ID: 'a', AWS_REGION: 'r', SSL_CERT_FILE: 'f', OBS_REGION: 'r' }],
    [{ OSSUTIL_CONFIG_FILE: 'f', ALIBABA_CLOUD_ACCESS_KEY_ID: 'a', COS_ENDPOINT: 'e', WORKER: '1' }],
  ])('is the embedded one with %j', (settings) => {
    expect(parseConfig(settings).localOss).toBeDefined()
  })

  test.each<[settings: Settings, problem: RegExp]>([
    [{ OSS_ENDPIONT: 'x' }, /^OSS_ENDPIONT is no setting: did you mean OSS_ENDPOINT\?$/],
    [{ OSS_ACCESSKEY_ID: 'x' }, /did you mean OSS_ACCESS_KEY_ID\?$/],
    [{ OSS_ACCESS_KEYID: 'x' }, /did you mean OSS_ACCESS_KEY_ID\?$/],
    [{ OSS_SECRET_ACCESS_KEY: 'x' }, /did you mean OSS_ACCESS_KEY_SECRET\?$/],
    [{ OSS_ACCESS_SECRET: 'x' }, /did you mean OSS_ACCESS_KEY_SECRET\?$/],
    [{ OSS_SECRET: 'x' }, /did you mean OSS_ACCESS_KEY_SECRET\?$/],
    [{ OSS_TOKEN: 'x' }, /did you mean OSS_SESSION_TOKEN\?$/],
    [{ OSS_SECURITY_TOKEN: 'x' }, /did you mean OSS_SESSION_TOKEN\?$/],
    [{ oss_region: 'x' }, /^oss_region is no setting: did you mean OSS_REGION\?$/],
    [{ Oss_Endpoint: 'x' }, /did you mean OSS_ENDPOINT\?$/],
    [{ OSSENDPOINT: 'x' }, /did you mean OSS_ENDPOINT\?$/],
    [{ 'OSS-REGION': 'x' }, /did you mean OSS_REGION\?$/],
    [{ OS_ENDPOINT: 'x' }, /did you mean OSS_ENDPOINT\?$/],
    [{ OSS_BUCKET: 'x' }, /^OSS_BUCKET is no setting: of that kind there are OSS_REGION, /],
    [{ S3_ACCESS_KEY: 'x' }, /did you mean S3_ACCESS_KEY_ID\?$/],
    [{ S3_SECRET_KEY: 'x' }, /did you mean S3_SECRET_ACCESS_KEY\?$/],
    [{ S3_DOMIAN: 'x' }, /did you mean S3_DOMAIN\?$/],
    [{ S3_DOMAINS: 'x' }, /did you mean S3_DOMAIN\?$/],
    [{ S3_ENDPOINT: 'x' }, /^S3_ENDPOINT is no setting: did you mean OSS_ENDPOINT/],
    [{ LOCAL_OSS_DIRECTORY: 'x' }, /did you mean LOCAL_OSS_DIR\?$/],
    [{ LOCALOSS_DIR: 'x' }, /did you mean LOCAL_OSS_DIR\?$/],
    [{ GATEWAY_CONF: 'x' }, /did you mean GATEWAY_CONFIG\?$/],
    [{ GATEWAY_PORT: 'x' }, /^GATEWAY_PORT is no setting/],
    [{ TLS_CERT: 'x' }, /did you mean TLS_CERT_FILE\?$/],
    [{ TLS_KEY_PATH: 'x' }, /did you mean TLS_KEY_FILE\?$/],
    [{ ADMIN_PROT: '1' }, /did you mean ADMIN_PORT\?$/],
    [{ ADMINPORT: '1' }, /did you mean ADMIN_PORT\?$/],
  ])('is neither with %j', (settings, problem) => {
    expect(problemsOf(settings)).toContainEqual(expect.stringMatching(problem))
    expect(problemsOf({ ...real, ...settings })).toContainEqual(expect.stringMatching(problem))
  })

  test('what was misspelt is not missed as well', () => {
    const { OSS_ACCESS_KEY_ID: id, OSS_ACCESS_KEY_SECRET } = real
    expect(problemsOf({ OSS_ENDPIONT: 'x', OSS_ACCESSKEY_ID: id, OSS_ACCESS_KEY_SECRET })).toEqual([
      'OSS_ENDPIONT is no setting: did you mean OSS_ENDPOINT?',
      'OSS_ACCESSKEY_ID is no setting: did you mean OSS_ACCESS_KEY_ID?',
    ])
  })

  test.each([
    'OSS_REGION',
    'OSS_ENDPOINT',
    'OSS_ACCESS_KEY_ID',
    'OSS_ACCESS_KEY_SECRET',
    'OSS_SESSION_TOKEN',
  ])('is never the embedded one with %s alone, nor where it came out empty', (name) => {
    const value = { ...real, OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com', OSS_SESSION_TOKEN: 't' }[name]
    expect(problemsOf({ [name]: value }).length).toBeGreaterThan(0)
    for (const empty of ['', ' ', '\n'])
      expect(problemsOf({ [name]: empty })).toContain(
        `${name} is set, but empty: give it a value, or unset it`,
      )
  })

  test.each([
    'S3_ACCESS_KEY_ID',
    'S3_SECRET_ACCESS_KEY',
    'S3_DOMAIN',
    'GATEWAY_CONFIG',
    'PORT',
    'TLS_KEY_FILE',
  ])('%s that came out empty is told once, and nothing else', (name) => {
    const others: Settings = name.startsWith('S3_')
      ? { S3_ACCESS_KEY_ID: 'app', S3_SECRET_ACCESS_KEY: 's' }
      : name.startsWith('TLS_')
        ? { TLS_CERT_FILE: 'c' }
        : {}
    expect(problemsOf({ ...others, [name]: '' })).toEqual([
      `${name} is set, but empty: give it a value, or unset it`,
    ])
  })

  test('the two cannot be meant at once', () => {
    expect(problemsOf({ ...real, LOCAL_OSS_DIR: 'd', LOCAL_OSS_PORT: '0' })).toEqual([
      expect.stringMatching(
        /^LOCAL_OSS_DIR, LOCAL_OSS_PORT cannot be set together with OSS_REGION, OSS_ACCESS_KEY_ID/,
      ),
    ])
  })

  /** What Kubernetes sets in every container for a Service of that name. */
  const service = (name: string): Settings =>
    Object.fromEntries(
      Object.entries({
        SERVICE_HOST: '10.96.7.3',
        SERVICE_PORT: '9000',
        SERVICE_PORT_HTTP: '9000',
        PORT: 'tcp://10.96.7.3:9000',
        PORT_9000_TCP: 'tcp://10.96.7.3:9000',
        PORT_9000_TCP_PROTO: 'tcp',
        PORT_9000_TCP_PORT: '9000',
        PORT_9000_TCP_ADDR: '10.96.7.3',
      }).map(([end, value]) => [`${name}_${end}`, value]),
    )
  test.each(['OSS', 'S3', 'LOCAL_OSS', 'GATEWAY', 'S3_OSS_GATEWAY', 'S3_GATEWAY', 'ADMIN', 'OSS_ENDPOINT'])(
    'a Service that Kubernetes announces as %s_… is none of our settings',
    (name) => {
      expect(parseConfig(service(name))).toEqual(parseConfig({}))
      expect(parseConfig({ ...real, ...service(name) })).toEqual(parseConfig(real))
    },
  )
  test.each<[settings: Settings]>([
    [{ OSS_SERVICE_HOST: 'oss-cn-hangzhou.aliyuncs.com' }],
    [{ S3_SERVICE_PORT: 'http' }],
    [{ GATEWAY_PORT: '9000' }],
    [{ LOCAL_OSS_PORT: 'http://10.96.7.3:9000' }],
  ])('%j is no Service', (settings) => {
    expect(problemsOf(settings)).toHaveLength(1)
  })
})

describe('on Workers', () => {
  test('there is no embedded OSS: what is missing is told by name', () => {
    const problems = problemsOf({}, undefined, 'workers').join('\n')
    for (const name of ['OSS_REGION', 'OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET'])
      expect(problems).toContain(`${name} is missing`)
  })
  test('bindings that are no texts are none of our business', () => {
    const bindings = { ...real, BUCKET: { get() {} }, OSS_KV: {} }
    expect(parseConfig(bindings, undefined, 'workers').localOss).toBeUndefined()
  })
  test.each([
    ['GATEWAY_CONFIG', {}],
    ['OSS_ACCESS_KEY_SECRET', 12345678],
    ['OSS_REGION', ['cn-hangzhou']],
    ['S3_DOMAIN', null],
    ['OSS_ENDPOINT', { get() {} }],
  ])('%s bound to %j is a mistake, told once', (name, value) => {
    const bindings = { ...real, [name]: value } as unknown as typeof real
    expect(problemsOf(bindings, undefined, 'workers')).toEqual([
      `${name} is bound to something that is no text: its value must be in quotation marks`,
    ])
  })
  test.each([
    'oss-cn-hangzhou-internal.aliyuncs.com',
    'https://vpc100-oss-cn-hangzhou.aliyuncs.com',
    'oss-cn-hangzhou-internal.aliyuncs.com:443',
  ])('%s, which only Alibaba Cloud reaches, is refused', (OSS_ENDPOINT) => {
    const problem = expect.stringMatching(/^OSS_ENDPOINT \S+ is within Alibaba Cloud/)
    expect(problemsOf({ ...real, OSS_ENDPOINT }, undefined, 'workers')).toEqual([problem])
    expect(problemsOf({ ...real, OSS_ENDPOINT })).toEqual([])
  })
  test('a copy keeps to the requests of the smallest plan until a setting says another number', () => {
    const maxRequests = (document?: string, runtime?: 'workers') =>
      parseConfig(real, document, runtime).document.copy.maxRequests
    expect(maxRequests(undefined, 'workers')).toBe(40)
    expect(maxRequests('copy: { maxRequests: 900 }', 'workers')).toBe(900)
    expect(maxRequests()).toBeUndefined()
  })
})

describe('keys', () => {
  test.each<[settings: Settings, problem: RegExp]>([
    [{ ...real, OSS_ACCESS_KEY_ID: 'LTAI 5t' }, /^OSS_ACCESS_KEY_ID is not right: an access key id has/],
    [{ ...real, OSS_ACCESS_KEY_ID: '"LTAI5t"' }, /^OSS_ACCESS_KEY_ID is not right/],
    [{ ...real, OSS_ACCESS_KEY_ID: '<your-id>' }, /^OSS_ACCESS_KEY_ID .* placeholder/],
    [{ ...real, OSS_ACCESS_KEY_ID: '...' }, /^OSS_ACCESS_KEY_ID .* placeholder/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: '...' }, /^OSS_ACCESS_KEY_SECRET .* placeholder/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: '<secret of that key>' }, /^OSS_ACCESS_KEY_SECRET .* placeholder/],
    [{ ...real, OSS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' }, /^OSS_ACCESS_KEY_ID .* AWS/],
    [{ ...real, OSS_ACCESS_KEY_ID: 'STS.NUgYrLnoC37mZZCNnAbez' }, /^OSS_SESSION_TOKEN is missing/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: 'the-secret and more' }, /^OSS_ACCESS_KEY_SECRET .* blanks/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: '"the-secret"' }, /^OSS_ACCESS_KEY_SECRET .* quotation marks/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: 'the-\u200bsecret' }, /^OSS_ACCESS_KEY_SECRET .* without a width/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: '<the-secret>' }, /^OSS_ACCESS_KEY_SECRET .* placeholder/],
    [{ ...real, OSS_ACCESS_KEY_SECRET: 'LTAI5tExampleKeyId000001' }, /^OSS_ACCESS_KEY_SECRET .* swapped/],
    [{ S3_ACCESS_KEY_ID: 'a/b', S3_SECRET_ACCESS_KEY: 's' }, /^S3_ACCESS_KEY_ID is not right/],
    [{ S3_ACCESS_KEY_ID: 'a:b', S3_SECRET_ACCESS_KEY: 's' }, /^S3_ACCESS_KEY_ID is not right/],
    [{ S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'the-secret\nx' }, /^S3_SECRET_ACCESS_KEY .* blanks/],
  ])('of %j are refused, and not quoted', (settings, problem) => {
    const problems = problemsOf(settings)
    expect(problems).toEqual([expect.stringMatching(problem)])
    expect(problems.join()).not.toMatch(/the-secret|AKIAIOSF|LTAI5t|a\/b/)
  })

  test('of the embedded OSS are the S3 pair where there is one', () => {
    const { localOss, clients } = parseConfig({ S3_ACCESS_KEY_ID: 'app', S3_SECRET_ACCESS_KEY: 'strong' })
    expect(localOss?.key).toEqual({ accessKeyId: 'app', accessKeySecret: 'strong' })
    expect([...clients.keys()]).toEqual(['app'])
  })

  const strong = { S3_ACCESS_KEY_ID: 'app', S3_SECRET_ACCESS_KEY: 'strong' }
  test.each<[host: string, others: Settings, reachable: boolean]>([
    ['0.0.0.0', {}, true],
    ['::', {}, true],
    ['192.168.1.7', {}, true],
    ['gateway.example.com', {}, true],
    ['0.0.0.0', { S3_ACCESS_KEY_ID: 'local', S3_SECRET_ACCESS_KEY: 'local-secret' }, true],
    ['0.0.0.0', strong, false],
    ['0.0.0.0', real, false],
    ['localhost', {}, false],
    ['127.0.0.2', {}, false],
    ['::1', {}, false],
  ])('that everybody knows are not for others: HOST=%s with %j', (HOST, others, refused) => {
    expect(problemsOf({ HOST, ...others })).toEqual(
      refused ? [expect.stringMatching(/^HOST is .*set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY/)] : [],
    )
  })
})

describe('listeners', () => {
  test.each<[settings: Settings, problem: RegExp]>([
    [{ PORT: '9001' }, /^PORT and ADMIN_PORT are both 9001: they must be different$/],
    [{ PORT: '9010' }, /^PORT and LOCAL_OSS_PORT are both 9010/],
    [{ ADMIN_PORT: '9000' }, /^PORT and ADMIN_PORT are both 9000/],
    [{ ADMIN_PORT: '7', LOCAL_OSS_PORT: '7' }, /^ADMIN_PORT and LOCAL_OSS_PORT are both 7/],
    ...[
      '1e3',
      '0x10',
      '10.0',
      '+1',
      '080',
      'NaN',
      'Infinity',
      '１０',
      '1_000',
      '"80"',
      '9000/tcp',
      '80,81',
    ].map((PORT): [Settings, RegExp] => [
      { PORT },
      /^PORT is .*: it must be a whole number from 0 to 65535$/,
    ]),
    ...['1e3', '1.5GiB', '1gib', '128M', '-1', '1 GiB', '1GiBs', '99999999TiB'].map(
      (LOCAL_OSS_COPY_LIMIT): [Settings, RegExp] => [
        { LOCAL_OSS_COPY_LIMIT },
        /^LOCAL_OSS_COPY_LIMIT is .*: it must be bytes, or a whole number with its unit/,
      ],
    ),
    ...['1e1', '0x2', '2.0', '257'].map((WORKERS): [Settings, RegExp] => [
      { ...real, WORKERS },
      /^WORKERS is/,
    ]),
    ...[
      'http://127.0.0.1',
      '127.0.0.1:9000',
      '[::1]',
      '*',
      '256.1.1.1',
      '1.2.3',
      '127.0.0',
      'a b',
      'under_score',
      '-a.example',
      ':::',
    ].map((HOST): [Settings, RegExp] => [{ ...real, HOST }, /^HOST is .*: it must be an address or a name/]),
    ...[':mem:', 'memory:', 'Memory', '~/data', '$HOME/data', '"data"', 'file:///data', 's3://bucket'].map(
      (folder): [Settings, RegExp] => [
        { LOCAL_OSS_DIR: folder },
        /^LOCAL_OSS_DIR is .*: it must be a folder/,
      ],
    ),
    [
      { ...real, OSS_ENDPOINT: 'http://10.0.0.7:9000', HOST: '10.0.0.7' },
      /^OSS_ENDPOINT 10\.0\.0\.7:9000 is the gateway itself/,
    ],
    [{ ...real, OSS_ENDPOINT: 'http://localhost', PORT: '80' }, /is the gateway itself/],
    ...[
      '10.0.0.1',
      '::1',
      's3.example.com:9000',
      '*.*.example.com',
      'a..b',
      '-a.example',
      'a_b.example',
      's3.example.com/',
    ].map((S3_DOMAIN): [Settings, RegExp] => [{ S3_DOMAIN }, /^S3_DOMAIN has/]),
    [{ S3_DOMAIN: 's3.example.com,*.S3.example.com' }, /^S3_DOMAIN has s3\.example\.com twice$/],
    [{ S3_DOMAIN: ',' }, /^S3_DOMAIN names no domain$/],
  ])('of %j are refused', (settings, problem) => {
    expect(problemsOf(settings)).toEqual([expect.stringMatching(problem)])
  })

  test.each<[settings: Settings, found: object]>([
    [{ PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0' }, { listen: { port: 0, adminPort: undefined } }],
    [{ ...real, PORT: '9010' }, { listen: { port: 9010 } }],
    [{ PORT: ' 10 ' }, { listen: { port: 10 } }],
    [{ ...real, HOST: '0.0.0.0' }, { listen: { host: '0.0.0.0', adminHost: '127.0.0.1' } }],
    [{ ...real, ADMIN_HOST: '0.0.0.0' }, { listen: { host: '127.0.0.1', adminHost: '0.0.0.0' } }],
    [{ HOST: '::1' }, { listen: { host: '::1' } }],
    [{ ...real, HOST: 'gateway-1.internal' }, { listen: { host: 'gateway-1.internal' } }],
    [{ ...real, HOST: 'fe80::1%eth0' }, { listen: { host: 'fe80::1%eth0' } }],
    [{ LOCAL_OSS_COPY_LIMIT: '128MiB' }, { localOss: { copyLimit: 128 * 1024 ** 2 } }],
    [{ LOCAL_OSS_RESTORE_TIME: '90' }, { localOss: { restoreTime: 90 } }],
    [{ LOCAL_OSS_RESTORE_TIME: '5m' }, { localOss: { restoreTime: 300 } }],
    [{ LOCAL_OSS_RESTORE_TIME: '500ms' }, { localOss: { restoreTime: 0.5 } }],
    [{ LOCAL_OSS_DAY: '100ms' }, { localOss: { day: 0.1 } }],
    [{ LOCAL_OSS_DAY: '24h' }, { localOss: { day: 86_400 } }],
    [{ LOCAL_OSS_COPY_LIMIT: '5GB' }, { localOss: { copyLimit: 5e9 } }],
    [{ LOCAL_OSS_COPY_LIMIT: '10485760' }, { localOss: { copyLimit: 10_485_760 } }],
    [{ S3_DOMAIN: 'localhost' }, { domains: ['localhost'] }],
  ])('of %j are taken', (settings, found) => {
    expect(parseConfig(settings)).toMatchObject(found)
  })
})
