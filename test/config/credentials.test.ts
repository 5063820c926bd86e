import { describe, expect, test } from 'vitest'
import { ConfigError, type Files } from '../../src/config/index.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { describeSource } from '../../src/oss/credentials/source.ts'
import { real as fixed, type Settings } from './problems.ts'

const real = { ...fixed, OSS_ACCESS_KEY_SECRET: 'hush-oss-secret' }
const region = { OSS_REGION: 'cn-hangzhou' }
const s3 = { S3_ACCESS_KEY_ID: 'app', S3_SECRET_ACCESS_KEY: 'hush-s3-secret' }
const ARN = 'acs:ram::123456789012:role/gateway'
/** What the identity webhook of ACK sets. */
const pod = {
  ALIBABA_CLOUD_ROLE_ARN: ARN,
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::123456789012:oidc-provider/ack-rrsa-c1',
  ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/var/run/secrets/tokens/oidc-token',
}

const cliProfiles = {
  current: 'default',
  profiles: [
    {
      name: 'default',
      mode: 'AK',
      access_key_id: 'LTAI5tProfileKey',
      access_key_secret: 'hush-profile-secret',
    },
    { name: 'chained', mode: 'ChainableRamRoleArn', source_profile: 'default', ram_role_arn: ARN },
    { name: 'loop', mode: 'ChainableRamRoleArn', source_profile: 'loop', ram_role_arn: ARN },
    { name: 'browser', mode: 'OAuth' },
    { name: 'odd', mode: 'AK', access_key_id: 'hush key', access_key_secret: 'hush-profile-secret' },
  ],
}
const sdkProfiles = `
[default]
type = access_key
access_key_id = LTAI5tProfileKey
access_key_secret = hush-profile-secret
# a comment
[role]
type = ram_role_arn
access_key_id = LTAI5tProfileKey
access_key_secret = hush-profile-secret
role_arn = ${ARN}
[narrow]
type = ram_role_arn
access_key_id = LTAI5tProfileKey
access_key_secret = hush-profile-secret
role_arn = ${ARN}
policy = {"Statement": []}
[pair]
type = rsa_key_pair
private_key_file = /key.pem
`
const onDisk: Record<string, string> = {
  '/id': ' LTAI5tKeyInAFile \n',
  '/secret': 'hush-secret-in-a-file\n',
  '/token': 'hush-token-in-a-file',
  '/two': 'hush-new\r\nhush-old\n',
  '/three': 'hush-new\nhush-old\nhush-older\n',
  '/empty': ' \n',
  '/sts': 'hush-the-new-secret-of-short-lived-keys\nhush-the-old-secret-of-short-lived-keys\n',
  '/two words': 'hush secret',
  [pod.ALIBABA_CLOUD_OIDC_TOKEN_FILE]: 'hush-oidc-token',
  '/cli.json': JSON.stringify(cliProfiles),
  '/sdk': sdkProfiles,
  '/broken.json': '{"current": "hush-profile-secret',
}
function filesOf(home: Record<string, string> = {}): Files {
  const all = { ...onDisk, ...home }
  return {
    home: '/home/user',
    has: (path) => path in all,
    read: (path) => {
      const text = all[path]
      if (text === undefined) throw new Error('there is no such file')
      return text
    },
  }
}

type More = { document?: string; runtime?: 'node' | 'workers'; home?: Record<string, string> }
const parse = (settings: Settings, { document, runtime = 'node', home }: More = {}) =>
  parseConfig(settings, document, runtime, runtime === 'node' ? filesOf(home) : undefined)
function problemsOf(settings: Settings, more?: More): readonly string[] {
  try {
    parse(settings, more)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
const secrets = /hush|LTAI5t/

describe('the gateway’s own key comes from', () => {
  test.each<[settings: Settings, from: RegExp, more?: More]>([
    [real, /^a fixed key$/],
    [{ ...real, OSS_CREDENTIALS: 'environment' }, /^a fixed key$/],
    [{ ...real, OSS_SESSION_TOKEN: 't' }, /^a fixed temporary key$/],
    [
      { ...region, OSS_ACCESS_KEY_ID_FILE: '/id', OSS_ACCESS_KEY_SECRET_FILE: '/secret' },
      /^a key from files$/,
    ],
    [{ ...real, OSS_SESSION_TOKEN_FILE: '/token' }, /^a temporary key from files$/],
    // RRSA alone needs no setting: nothing else is set by that webhook.
    [{ ...region, ...s3, ...pod }, /^acs:ram::123456789012:role\/gateway, by RRSA$/],
    [{ ...region, ...s3, ...pod, OSS_CREDENTIALS: 'rrsa' }, /by RRSA$/],
    [{ ...real, ...pod }, /^a fixed key$/],
    [{ ...region, ...s3, ...pod, OSS_CREDENTIALS: 'ecs-ram-role' }, /^the ECS instance's RAM role$/],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'ecs-ram-role', ALIBABA_CLOUD_ECS_METADATA: 'gateway' },
      /^the ECS instance's RAM role gateway$/,
    ],
    [
      { ...real, OSS_CREDENTIALS: 'assume-role', ALIBABA_CLOUD_ROLE_ARN: ARN },
      /^acs:ram::123456789012:role\/gateway, by AssumeRole with a fixed key$/,
    ],
    [
      { ...real, OSS_CREDENTIALS: 'assume-role', ALIBABA_CLOUD_ROLE_ARN: ARN },
      /by AssumeRole/,
      { runtime: 'workers' },
    ],
    [
      {
        ...region,
        ...s3,
        OSS_CREDENTIALS: 'uri',
        ALIBABA_CLOUD_CREDENTIALS_URI: 'http://localhost:8080/hush-path?hush-query',
      },
      /^the credentials URI at localhost:8080$/,
    ],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'profile', ALIBABA_CLOUD_CREDENTIALS_FILE: '/cli.json' },
      /^a fixed key, by the profile that is the default of \/cli\.json$/,
    ],
    [
      {
        ...region,
        ...s3,
        OSS_CREDENTIALS: 'profile',
        ALIBABA_CLOUD_CREDENTIALS_FILE: '/sdk',
        ALIBABA_CLOUD_PROFILE: 'role',
      },
      /role\/gateway, by AssumeRole with a fixed key, by the profile role of \/sdk$/,
    ],
    [
      {
        ...region,
        ...s3,
        OSS_CREDENTIALS: 'profile',
        ALIBABA_CLOUD_CREDENTIALS_FILE: '/cli.json',
        ALIBABA_CLOUD_PROFILE: 'chained',
      },
      /role\/gateway, by AssumeRole with a fixed key/,
    ],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'profile' },
      /by the profile that is the default of \/home\/user\/\.aliyun\/config\.json$/,
      { home: { '/home/user/.aliyun/config.json': JSON.stringify(cliProfiles) } },
    ],
  ])('%j: %s', (settings, from, more) => {
    const { credentials, localOss } = parse(settings, more)
    expect(describeSource(credentials)).toMatch(from)
    expect(describeSource(credentials)).not.toMatch(secrets)
    expect(localOss).toBeUndefined()
  })
})

describe('of the gateway’s own key', () => {
  const profile = (file: string, name?: string) => ({
    ...region,
    ...s3,
    OSS_CREDENTIALS: 'profile',
    ALIBABA_CLOUD_CREDENTIALS_FILE: file,
    ALIBABA_CLOUD_PROFILE: name,
  })
  test.each<[settings: Settings, problems: RegExp[], more?: More]>([
    [
      region,
      [
        /^OSS_ACCESS_KEY_ID is missing: .*\(or OSS_CREDENTIALS says where it comes from: ecs-ram-role, rrsa, /,
        /^OSS_ACCESS_KEY_SECRET is missing/,
      ],
    ],
    [{ ...region, OSS_CREDENTIALS: 'rsa' }, [/^OSS_CREDENTIALS is "rsa": it must be one of environment, /]],
    [{ ...region, OSS_CREDENTIAL: 'rrsa' }, [/did you mean OSS_CREDENTIALS\?$/]],
    [{ ...region, OSS_CREDENTIALS: ' ' }, [/^OSS_CREDENTIALS is set, but empty/]],
    // Clients cannot have a key that comes and goes.
    [{ ...region, ...pod }, [/^S3_ACCESS_KEY_ID is missing: what clients sign with/]],
    [
      { ...real, ...s3, OSS_CREDENTIALS: 'rrsa', ...pod },
      [/^OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET means nothing/],
    ],
    [{ ...real, OSS_STS_ENDPOINT: 'sts.cn-hangzhou.aliyuncs.com' }, [/^OSS_STS_ENDPOINT means nothing/]],
    // A pod with a role does not come up on an empty embedded OSS.
    [{ ...s3, ...pod }, [/^OSS_REGION is missing: ALIBABA_CLOUD_ROLE_ARN and /]],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'rrsa' },
      [
        /^ALIBABA_CLOUD_ROLE_ARN is missing: .*webhook sets it/,
        /^ALIBABA_CLOUD_OIDC_PROVIDER_ARN is missing/,
        /^ALIBABA_CLOUD_OIDC_TOKEN_FILE is missing/,
      ],
    ],
    [
      { ...region, ...s3, ...pod, ALIBABA_CLOUD_OIDC_PROVIDER_ARN: undefined },
      [/^ALIBABA_CLOUD_OIDC_PROVIDER_ARN is missing/],
    ],
    [
      { ...region, ...s3, ...pod, ALIBABA_CLOUD_ROLE_ARN: 'gateway' },
      [/^ALIBABA_CLOUD_ROLE_ARN is "gateway": it must be like acs:ram::/],
    ],
    [
      { ...region, ...s3, ...pod, ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/none' },
      [/^ALIBABA_CLOUD_OIDC_TOKEN_FILE: there is no such file$/],
    ],
    [
      { ...region, ...s3, ...pod, ALIBABA_CLOUD_ROLE_SESSION_NAME: 'a b' },
      [/^ALIBABA_CLOUD_ROLE_SESSION_NAME is "a b"/],
    ],
    [
      { ...region, ...s3, ...pod, OSS_STS_ENDPOINT: 'http://sts.example.com' },
      [/^OSS_STS_ENDPOINT is .*: it must be https, since keys come from there$/],
    ],
    [
      { ...region, ...s3, ...pod, OSS_STS_ENDPOINT: 'https://x/y' },
      [/^OSS_STS_ENDPOINT is .*without a bucket/],
    ],
    [{ ...real, OSS_CREDENTIALS: 'assume-role' }, [/^ALIBABA_CLOUD_ROLE_ARN is missing/]],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'ecs-ram-role', ALIBABA_CLOUD_ECS_METADATA: '../user-data' },
      [/^ALIBABA_CLOUD_ECS_METADATA is/],
    ],
    [{ ...region, ...s3, OSS_CREDENTIALS: 'uri' }, [/^ALIBABA_CLOUD_CREDENTIALS_URI is missing/]],
    [
      {
        ...region,
        ...s3,
        OSS_CREDENTIALS: 'uri',
        ALIBABA_CLOUD_CREDENTIALS_URI: 'http://user:hush-password@localhost/key?hush-query',
      },
      [/^ALIBABA_CLOUD_CREDENTIALS_URI is "http:\/\/localhost…": it must be like/],
    ],
    [profile('/none'), [/^ALIBABA_CLOUD_CREDENTIALS_FILE: there is no such file$/]],
    [profile('/broken.json'), [/^ALIBABA_CLOUD_CREDENTIALS_FILE: the file is no JSON$/]],
    [profile('/cli.json', 'other'), [/there is no profile other$/]],
    [profile('/cli.json', 'loop'), [/the profile loop has itself as its source_profile$/]],
    [profile('/cli.json', 'browser'), [/the mode of the profile browser must be AK, /]],
    [profile('/cli.json', 'odd'), [/the access_key_id of the profile odd cannot be right$/]],
    [profile('/sdk', 'narrow'), [/the profile narrow has policy, which is not supported$/]],
    [profile('/sdk', 'pair'), [/the profile pair has private_key_file, which is not supported$/]],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'profile' },
      [
        /^OSS_CREDENTIALS is profile, and there is neither .* in \/home\/user: ALIBABA_CLOUD_CREDENTIALS_FILE/,
      ],
    ],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'profile' },
      [/^OSS_CREDENTIALS is profile, and there are both .*says which one is meant$/],
      { home: { '/home/user/.aliyun/config.json': '{}', '/home/user/.alibabacloud/credentials': '' } },
    ],
    [
      { ...region, ...s3, OSS_CREDENTIALS: 'ecs-ram-role' },
      [
        /^OSS_CREDENTIALS is ecs-ram-role, which there is not on Workers: it must be one of environment, assume-role, uri$/,
      ],
      { runtime: 'workers' },
    ],
  ])('%j is refused', (settings, problems, more) => {
    const found = problemsOf(settings, more)
    expect(found).toEqual(problems.map((problem) => expect.stringMatching(problem)))
    expect(found.join()).not.toMatch(secrets)
  })

  test('both a key and a role are one with a warning, unless the settings say that the key is meant', () => {
    const both = { ...real, ...pod }
    expect(parse(both).warnings).toEqual([expect.stringMatching(/the key is used, and not the role/)])
    expect(parse({ ...both, OSS_CREDENTIALS: 'environment' }).warnings).toEqual([])
  })

  test('a pod with a role may run on the embedded OSS where the settings say so', () => {
    expect(parse({ ...pod, LOCAL_OSS_DIR: ':memory:' }).localOss).toBeDefined()
  })
})

describe('STS is', () => {
  test.each<[settings: Settings, host: string]>([
    [region, 'sts.cn-hangzhou.aliyuncs.com'],
    [{ OSS_ENDPOINT: 'https://oss-cn-beijing-internal.aliyuncs.com' }, 'sts-vpc.cn-beijing.aliyuncs.com'],
    [{ OSS_REGION: 'cn-hzfinance' }, 'sts.aliyuncs.com'],
    [{ ...region, OSS_STS_ENDPOINT: 'sts.aliyuncs.com' }, 'sts.aliyuncs.com'],
    [{ ...region, OSS_STS_ENDPOINT: 'http://127.0.0.1:1234' }, '127.0.0.1:1234'],
  ])('with %j at %s', (settings, host) => {
    const { credentials } = parse({ ...s3, ...pod, ...settings })
    expect(credentials).toMatchObject({
      from: 'rrsa',
      role: { sts: { host }, sessionName: 's3-oss-gateway' },
    })
  })
})

describe('of secrets in files', () => {
  const inFiles = { ...region, OSS_ACCESS_KEY_ID_FILE: '/id', OSS_ACCESS_KEY_SECRET_FILE: '/secret' }
  const clients = (client: object) => ({
    document: JSON.stringify({ clients: [{ accessKeyId: 'other', ...client }] }),
  })
  const sts = (sts: object) => ({ document: JSON.stringify({ sts }) })

  test('the blanks around them do not count', () => {
    expect(parse(inFiles).credentials).toMatchObject({
      key: { accessKeyId: 'LTAI5tKeyInAFile', accessKeySecret: 'hush-secret-in-a-file' },
    })
  })

  test('clients have theirs, too', () => {
    const settings = { ...real, S3_ACCESS_KEY_ID_FILE: '/id', S3_SECRET_ACCESS_KEY_FILE: '/secret' }
    const found = parse(settings, clients({ secretAccessKeyFile: '/two' })).clients
    expect(
      [...found.values()].map(({ accessKeyId, secretAccessKeys }) => [accessKeyId, ...secretAccessKeys]),
    ).toEqual([
      ['LTAI5tKeyInAFile', 'hush-secret-in-a-file'],
      ['other', 'hush-new', 'hush-old'],
    ])
  })

  test('short-lived keys are made of theirs', () => {
    expect(parse(real, sts({ secretsFile: '/sts' })).sts).toEqual({
      secrets: ['hush-the-new-secret-of-short-lived-keys', 'hush-the-old-secret-of-short-lived-keys'],
      maxDuration: 43_200,
    })
  })

  test.each<[settings: Settings, problem: RegExp, more?: More]>([
    [real, /^GATEWAY_CONFIG: sts\.secretsFile: there is no such file$/, sts({ secretsFile: 'hush-secret' })],
    [
      real,
      /^GATEWAY_CONFIG: sts\.secretsFile: it has fewer than 32 characters$/,
      sts({ secretsFile: '/two' }),
    ],
    [real, /^GATEWAY_CONFIG: sts\.secretsFile: the file is empty$/, sts({ secretsFile: '/empty' })],
    [
      real,
      /^GATEWAY_CONFIG: sts\.secretsFile means nothing on Workers, where there are no files/,
      { ...sts({ secretsFile: '/sts' }), runtime: 'workers' },
    ],
    [
      { ...inFiles, OSS_ACCESS_KEY_SECRET_FILE: '/none' },
      /^OSS_ACCESS_KEY_SECRET_FILE: there is no such file$/,
    ],
    [{ ...inFiles, OSS_ACCESS_KEY_SECRET_FILE: '/empty' }, /^OSS_ACCESS_KEY_SECRET_FILE: the file is empty$/],
    [{ ...inFiles, OSS_ACCESS_KEY_SECRET_FILE: '' }, /^OSS_ACCESS_KEY_SECRET_FILE is set, but empty/],
    [
      { ...inFiles, OSS_ACCESS_KEY_SECRET_FILE: '/two words' },
      /^OSS_ACCESS_KEY_SECRET is not right: it has blanks/,
    ],
    // In place of the file's name.
    [
      { ...inFiles, OSS_ACCESS_KEY_SECRET_FILE: 'hush-secret' },
      /^OSS_ACCESS_KEY_SECRET_FILE: there is no such file$/,
    ],
    [
      { ...inFiles, OSS_ACCESS_KEY_SECRET: 'hush-secret' },
      /^OSS_ACCESS_KEY_SECRET_FILE: OSS_ACCESS_KEY_SECRET is set as well: leave one of them out$/,
    ],
    [{ ...real, S3_SECRET_ACCESS_KEY_FILE: '/secret' }, /^S3_ACCESS_KEY_ID is missing/],
    [
      real,
      /^GATEWAY_CONFIG: clients\.0\.secretAccessKeyFile: there is no such file$/,
      clients({ secretAccessKeyFile: 'hush-secret' }),
    ],
    [
      real,
      /^GATEWAY_CONFIG: clients\.0\.secretAccessKeyFile: it has blanks/,
      clients({ secretAccessKeyFile: '/two words' }),
    ],
    [
      real,
      /^GATEWAY_CONFIG: clients\.0\.secretAccessKeyFile: there is a secret as well/,
      clients({ secretAccessKey: 'hush-secret', secretAccessKeyFile: '/secret' }),
    ],
    [
      real,
      /^GATEWAY_CONFIG: clients\.0\.secretAccessKeyFile: it has more than two lines/,
      clients({ secretAccessKeyFile: '/three' }),
    ],
    [real, /^GATEWAY_CONFIG: clients\.0\.secretAccessKey: it is missing$/, clients({})],
    [
      real,
      /^GATEWAY_CONFIG: clients\.0\.secretAccessKeyFile means nothing on Workers, where there are no files/,
      { ...clients({ secretAccessKeyFile: '/secret' }), runtime: 'workers' },
    ],
    [
      { ...real, OSS_ACCESS_KEY_SECRET: undefined, OSS_ACCESS_KEY_SECRET_FILE: '/secret' },
      /^OSS_ACCESS_KEY_SECRET_FILE means nothing on Workers, where there are no files: leave it out$/,
      { runtime: 'workers' },
    ],
  ])('%j is refused: %s', (settings, problem, more) => {
    const found = problemsOf(settings, more)
    expect(found).toEqual([expect.stringMatching(problem)])
    expect(found.join()).not.toMatch(secrets)
  })

  test('a program that reads no files is told so', () => {
    expect(() => parseConfig(inFiles)).toThrow(
      /OSS_ACCESS_KEY_ID_FILE, OSS_ACCESS_KEY_SECRET_FILE: files are read/,
    )
  })
})
