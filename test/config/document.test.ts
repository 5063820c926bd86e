import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { problemsOf } from './problems.ts'

const client = (settings: string) =>
  `clients: [{ accessKeyId: app, secretAccessKey: the-secret, ${settings} }]`

const STS = 'the-secret-that-short-lived-keys-are-of'

test.each<[document: string, problem: RegExp]>([
  // What is no document.
  ['clients: []\nclients: []', /^GATEWAY_CONFIG: line 2, column 1: a name stands there twice$/],
  ['copy: { parallel: 1, parallel: 2 }', /twice$/],
  ['{"copy": {"parallel": 1, "parallel": 2}}', /twice$/],
  ['&a clients: []\n*a : []', /line 2, column 1: a name must be a plain text$/],
  ['? [clients]\n: []', /a name must be a plain text$/],
  ['clients: []\n---\nclients: []\n', /a second document/],
  ['- clients: []', /not a list$/],
  ['[]', /not a list$/],
  ['text', /not a text$/],
  ['42', /not a text$/],
  ['clients: [}', /^GATEWAY_CONFIG is neither YAML nor JSON: line 1, column /],
  ['copy:\n\tparallel: 1', /^GATEWAY_CONFIG/],
  [`a: ${'['.repeat(50_000)}`, /^GATEWAY_CONFIG/],
  [`# ${'x'.repeat(256 * 1024)}`, /more than 262144 characters/],
  ['copy: &c { parallel: 1 }\n<<: *c', /^GATEWAY_CONFIG: <<: there is no such setting/],
  ['copy: { parallel: !!int "3" }', /begins with ! must be in quotation marks/],
  // Names.
  [
    'copy: { paralel: 1 }',
    /^GATEWAY_CONFIG: copy\.paralel: there is no such setting: did you mean parallel\?$/,
  ],
  ['timeout: { stop: 1 }', /^GATEWAY_CONFIG: timeout: there is no such setting: did you mean timeouts\?$/],
  ['toString: 1', /^GATEWAY_CONFIG: toString: there is no such setting$/],
  ['__proto__: { a: b }', /^GATEWAY_CONFIG: __proto__: there is no such setting$/],
  ['accessPoints: { constructor: bucket }', /^GATEWAY_CONFIG: accessPoints\.constructor: that cannot be/],
  [
    'storageClass: { map: { __proto__: IA } }',
    /^GATEWAY_CONFIG: storageClass\.map\.__proto__: that cannot be/,
  ],
  ['{"copy": {"parallel": null}}', /line 1, column 23: null is no value/],
  [
    'clients: [{ accessKeyId: a, secretAccessKey: s, secretAccessKey:the-secret }]',
    /^GATEWAY_CONFIG: clients\.0\.…: there is no such setting/,
  ],
  [
    client('prefix: [a]'),
    /^GATEWAY_CONFIG: clients\.0\.prefix: there is no such setting: did you mean prefixes/,
  ],
  // Kinds.
  ['clients: { accessKeyId: a }', /^GATEWAY_CONFIG: clients: it must be a list$/],
  ['clients:', /^GATEWAY_CONFIG: clients: it must be a list$/],
  ['clients: [app]', /^GATEWAY_CONFIG: clients\.0: it must be names with values$/],
  ['copy: [parallel]', /^GATEWAY_CONFIG: copy: it must be names with values$/],
  ['copy: 1', /^GATEWAY_CONFIG: copy: it must be names with values$/],
  ['accessPoints: [a]', /^GATEWAY_CONFIG: accessPoints: it must be names with values$/],
  [client('buckets: one'), /^GATEWAY_CONFIG: clients\.0\.buckets: it must be a list$/],
  [
    client('readOnly: yes'),
    /^GATEWAY_CONFIG: clients\.0\.readOnly: it must be one of .*"true".*, not "yes"$/,
  ],
  [client('readOnly: 1'), /^GATEWAY_CONFIG: clients\.0\.readOnly/],
  // What has no value is not the text `null`.
  ...['null', '~', 'Null', 'NULL'].map((value): [string, RegExp] => [
    `clients: [{ accessKeyId: a, secretAccessKey: ${value} }]`,
    /^GATEWAY_CONFIG: line 1, column 46: null is no value/,
  ]),
  [client('buckets: [null]'), /null is no value/],
  ['copy: null', /null is no value/],
  // Clients.
  ...[
    'te*m',
    '"*team"',
    'team-**',
    'team-?',
    '-*',
    'Team-*',
    'team.*',
    `${'x'.repeat(63)}*`,
    'Team',
    'a',
    'my.bucket',
    'my_bucket',
    '-team',
    'team-',
    '""',
    'team/x',
    'x'.repeat(64),
    'arn:aws:s3:::team',
  ].map((bucket): [string, RegExp] => [
    client(`buckets: [one, ${bucket}]`),
    /^GATEWAY_CONFIG: clients\.0\.buckets\.1: .* is no bucket: .* by their beginning and a \* at its end$/,
  ]),
  [client('buckets: ["*"]'), /clients\.0\.buckets\.0: "\*" is every bucket: leave buckets out for that$/],
  [client('buckets: [team-*, team-*]'), /clients\.0\.buckets\.1: team-\* is there twice$/],
  ['anonymous: forward\nanonymousBuckets: [team-*]', /anonymousBuckets\.0: .* there are no wildcards$/],
  // Short-lived keys.
  ['sts: {}', /^GATEWAY_CONFIG: sts\.secrets: it is missing$/],
  ['sts: { secrets: [] }', /sts\.secrets: it must be one secret or 2: the new one and the old$/],
  [`sts: { secrets: [${STS}1, ${STS}2, ${STS}3] }`, /sts\.secrets: it must be one secret or 2/],
  [`sts: { secrets: [${STS}, ${STS}] }`, /sts\.secrets: the same secret is there twice$/],
  [`sts: { secrets: [${STS}, short] }`, /sts\.secrets\.1: it has fewer than 32 characters$/],
  [`sts: { secrets: [the-secret of many words for short-lived keys] }`, /sts\.secrets\.0: it has blanks/],
  [`sts: { secrets: [${STS}], secretsFile: /a }`, /sts\.secretsFile: there are secrets as well/],
  ['sts: { secretsFile: "" }', /sts\.secretsFile: it is empty$/],
  [`sts: { secrets: [${STS}], maxDuration: 14m }`, /sts\.maxDuration: .* from 900 to 129600/],
  [`sts: { secrets: [${STS}], maxDuration: 37h }`, /sts\.maxDuration: .* from 900 to 129600/],
  ['acl: { ownership: BucketOwnerPreferred }', /^GATEWAY_CONFIG: acl\.ownership: it must be one of/],
  [
    'acl: { default: inherit, ownership: BucketOwnerEnforced }',
    /^GATEWAY_CONFIG: acl\.default: inherit gives objects their bucket's ACL, and acl\.ownership: BucketOwnerEnforced none$/,
  ],
  ['anonymous: allow', /^GATEWAY_CONFIG: anonymous: it must be one of .*"deny".*"forward".*, not "allow"$/],
  [
    'anonymousBuckets: [one]',
    /^GATEWAY_CONFIG: anonymousBuckets: it means nothing without anonymous: forward$/,
  ],
  ['anonymous: forward\nanonymousBuckets: []', /^GATEWAY_CONFIG: anonymousBuckets: it is empty/],
  ['anonymous: forward\nanonymousBuckets: [one, "*"]', /anonymousBuckets\.1: .* there are no wildcards$/],
  ['anonymous: forward\nanonymousBuckets: [one, one]', /anonymousBuckets\.1: one is there twice$/],
  ['limits: { anonymous: 0 }', /^GATEWAY_CONFIG: limits\.anonymous/],
  [client('buckets: [one, two, one]'), /^GATEWAY_CONFIG: clients\.0\.buckets\.2: one is there twice$/],
  [client('prefixes: [""]'), /^GATEWAY_CONFIG: clients\.0\.prefixes\.0: it is empty/],
  [client('prefixes: [/team]'), /prefixes\.0: "\/team": no key begins with a slash/],
  [client("prefixes: ['\\team']"), /prefixes\.0: .*: no key begins with a slash/],
  [client('prefixes: ["team/*"]'), /prefixes\.0: "team\/\*": a prefix has no wildcard/],
  [client('prefixes: ["*/x"]'), /a prefix has no wildcard/],
  [client('prefixes: ["s3://bucket/x"]'), /a prefix is the beginning of a key, without its bucket$/],
  [client('prefixes: ["arn:aws:s3:::bucket/x"]'), /without its bucket$/],
  [client(`prefixes: [${'ü'.repeat(512)}]`), /prefixes\.0: it has more than 1023 bytes$/],
  [client('prefixes: ["a\\u0001"]'), /prefixes\.0: it has control characters/],
  [client('prefixes: [a/, a/]'), /prefixes\.1: "a\/" is there twice$/],
  ...['a b', 'a/b', '"a:b"', '"a,b"', 'ключ', '"-"', 'x'.repeat(129)].map((id): [string, RegExp] => [
    `clients: [{ accessKeyId: ${id}, secretAccessKey: s }]`,
    /^GATEWAY_CONFIG: clients\.0\.accessKeyId: an access key id has/,
  ]),
  ['clients: [{ accessKeyId: a, secretAccessKey: "" }]', /clients\.0\.secretAccessKey: it is empty$/],
  ['clients: [{ accessKeyId: a, secretAccessKey: the-secret x }]', /secretAccessKey: it has blanks/],
  [
    'clients: [{ accessKeyId: a, secretAccessKey: *the-secret }]',
    /begins with \* must be in quotation marks$/,
  ],
  [
    'clients: [{ accessKeyId: a, secretAccessKey: !the-secret }]',
    /begins with ! must be in quotation marks$/,
  ],
  ['clients: [{ accessKeyId: a, secretAccessKey: [the-secret] }]', /secretAccessKey: it must be a text$/],
  ['clients: [{ accessKeyId: a }]', /clients\.0\.secretAccessKey: it is missing$/],
  ['clients: [{ accessKeyId: a, secretAccessKeys: the-secret }]', /secretAccessKeys: it must be a list$/],
  ['clients: [{ accessKeyId: a, secretAccessKeys: [] }]', /secretAccessKeys: it must be one secret or 2/],
  [
    'clients: [{ accessKeyId: a, secretAccessKeys: [s, t, u] }]',
    /secretAccessKeys: it must be one secret or 2/,
  ],
  [
    'clients: [{ accessKeyId: a, secretAccessKeys: [s, s] }]',
    /secretAccessKeys: the same secret is there twice$/,
  ],
  ['clients: [{ accessKeyId: a, secretAccessKeys: [s, ""] }]', /secretAccessKeys\.1: it is empty$/],
  [
    'clients: [{ accessKeyId: a, secretAccessKeys: [the-secret x, s] }]',
    /secretAccessKeys\.0: it has blanks/,
  ],
  [client('secretAccessKeys: [the-secret]'), /secretAccessKeys: there is a secretAccessKey as well/],
  ['clients: the-secret', /clients: it must be a list$/],
  [
    'clients: [{ accessKeyId: a, secretAccessKey: s }, { accessKeyId: a, secretAccessKey: t }]',
    /^GATEWAY_CONFIG: clients: the accessKeyId a is there twice$/,
  ],
  ['clients: [{ accessKeyId: local, secretAccessKey: s }]', /twice \(it is that of the environment\)$/],
  [client('operations: objects'), /^GATEWAY_CONFIG: clients\.0\.operations: it must be a list$/],
  [
    client('operations: [objects, acl]'),
    /clients\.0\.operations\.1: it must be one of .*"acls".*, not "acl"$/,
  ],
  [
    client('operations: []'),
    /clients\.0\.operations: it is empty, which would be a client that can do nothing$/,
  ],
  [client('operations: [acls, acls]'), /clients\.0\.operations\.1: acls is there twice$/],
  [
    client('limits: { inFlight: 0 }'),
    /^GATEWAY_CONFIG: clients\.0\.limits\.inFlight: it must be a whole number/,
  ],
  [client('limits: { rate: 0.5 }'), /^GATEWAY_CONFIG: clients\.0\.limits\.rate: it must be a whole number/],
  [client('limits: { perKey: 5 }'), /clients\.0\.limits\.perKey: there is no such setting/],
  [client('limits: 5'), /clients\.0\.limits: it must be names with values$/],
  [
    `${client('limits: { inFlight: 9 }')}\nlimits: { inFlight: 8 }`,
    /clients\.0\.limits\.inFlight is more than limits\.inFlight \(8\), and so could never be reached$/,
  ],
  // Access points and classes.
  ['accessPoints: { ap-1: "team-*" }', /^GATEWAY_CONFIG: accessPoints\.ap-1: "team-\*" is no bucket/],
  ['accessPoints: { Ap: bucket }', /^GATEWAY_CONFIG: accessPoints\.Ap: an access point's name has/],
  ['accessPoints: { "arn:aws:s3:::x": bucket }', /an access point's name has/],
  ['storageClass: { map: { COLD: IA } }', /^GATEWAY_CONFIG: storageClass\.map\.COLD: S3 has no such class/],
  ['storageClass: { map: { glacier: IA } }', /S3 has no such class/],
  ['storageClass: { map: { GLACIER: GLACIER } }', /storageClass\.map\.GLACIER: it must be one of/],
  // Numbers, sizes, times.
  ...['1e3', '0x10', '0o7', '10.0', '" 10 "', '+5', '-1', '.nan', '.inf', '1_000', '007', '""', 'ten'].map(
    (number): [string, RegExp] => [
      `limits: { inFlight: ${number} }`,
      /^GATEWAY_CONFIG: limits\.inFlight: it must be a whole number from 1, not "/,
    ],
  ),
  ...['1e9', '0x400000', '5 GB', '5gb', '128M', '1.5GiB', '0', '-1', '100TiB'].map(
    (size): [string, RegExp] => [
      `copy: { maxSize: ${size} }`,
      /^GATEWAY_CONFIG: copy\.maxSize: it must be bytes/,
    ],
  ),
  ['copy: { partSize: 99KiB }', /^GATEWAY_CONFIG: copy\.partSize/],
  ['copy: { partSize: 2GiB }', /^GATEWAY_CONFIG: copy\.partSize/],
  ['copy: { parallel: 65 }', /^GATEWAY_CONFIG: copy\.parallel: it must be a whole number from 1 to 64/],
  ...['1e1', '5 m', '1d', '-1', '.5', '0x5', '1 minute', '1h30m', '.inf'].map((time): [string, RegExp] => [
    `timeouts: { stop: ${time} }`,
    /^GATEWAY_CONFIG: timeouts\.stop: it must be seconds, or a number with its unit/,
  ]),
  ['timeouts: { oss: { total: 300h } }', /^GATEWAY_CONFIG: timeouts\.oss\.total/],
  // Limits that contradict each other.
  [
    'timeouts: { client: { idle: 2m, total: 1m } }',
    /timeouts\.client\.idle is more than timeouts\.client\.total/,
  ],
  [
    'timeouts: { oss: { connect: 20, total: 10 } }',
    /timeouts\.oss\.connect is more than timeouts\.oss\.total/,
  ],
  ['limits: { waitingTime: 9 }\ntimeouts: { client: { total: 5 } }', /limits\.waitingTime is more than/],
  ['timeouts: { client: { idle: 25h } }', /is more than timeouts\.client\.total \(86400 by default\)/],
  ['copy: { partSize: 1GiB, maxSize: 1GB }', /copy\.partSize is more than copy\.maxSize/],
  ['storeParts: false\nstoreChecksums: true', /storeChecksums: .*storeParts must be true/],
])('%s is refused', (document, problem) => {
  const problems = problemsOf({}, document)
  expect(problems).toEqual([expect.stringMatching(problem)])
  expect(problems.join()).not.toContain('the-secret')
})

test('every mistake is told at once', () => {
  const problems = problemsOf({}, 'one: 1\ntwo: 2\ncopy: { three: 3, parallel: x }\nclients: [{}]')
  expect(problems).toHaveLength(6)
})

const MiB = 1024 ** 2
test.each<[document: string, found: object]>([
  ['copy: { maxSize: 1GiB, partSize: 128MiB }', { copy: { maxSize: 1024 * MiB, partSize: 128 * MiB } }],
  ['copy: { maxSize: 5GB }', { copy: { maxSize: 5e9 } }],
  ['{"copy": {"maxSize": 10485760, "partSize": 1048576}}', { copy: { maxSize: 10 * MiB, partSize: MiB } }],
  ['copy: { maxSize: "10485760" }', { copy: { maxSize: 10 * MiB } }],
  [
    'timeouts: { stop: 500ms, client: { idle: 2m, total: 2h }, oss: { connect: 10s, idle: 7.5 } }',
    { timeouts: { stop: 0.5, client: { idle: 120, total: 7200 }, oss: { connect: 10, idle: 7.5 } } },
  ],
  ['copy: { keepAliveAfter: 0 }', { copy: { keepAliveAfter: 0 } }],
  [
    'clients: [{ accessKeyId: 123, secretAccessKey: 0123, buckets: [one, two-2], prefixes: [a/, ü], readOnly: true }]',
    {
      clients: [
        {
          accessKeyId: '123',
          secretAccessKey: '0123',
          buckets: ['one', 'two-2'],
          prefixes: ['a/', 'ü'],
          readOnly: true,
        },
      ],
    },
  ],
  [client('buckets: ["null"]'), { clients: [{ buckets: ['null'] }] }],
  ['timeouts: { client: { total: 20 } }', { timeouts: { client: { total: 20, idle: 60 } } }],
  ['anonymous: forward', { anonymous: 'forward', limits: { anonymous: 128 } }],
  ['anonymous: forward\nanonymousBuckets: [a-1, two]', { anonymousBuckets: ['a-1', 'two'] }],
  [client('buckets: [one, team-*, a*]'), { clients: [{ buckets: ['one', 'team-*', 'a*'] }] }],
  [client('buckets: []'), { clients: [{ buckets: [], readOnly: false }] }],
  [
    'clients: [{ accessKeyId: a, secretAccessKeys: [new, old] }]',
    { clients: [{ secretAccessKeys: ['new', 'old'] }] },
  ],
  [`sts: { secrets: [${STS}] }`, { sts: { secrets: [STS], maxDuration: 43_200 } }],
  [`sts: { secrets: [${STS}], maxDuration: 36h }`, { sts: { maxDuration: 129_600 } }],
  [
    client('operations: [objects, buckets, bucketSettings, acls, policies]'),
    { clients: [{ operations: ['objects', 'buckets', 'bucketSettings', 'acls', 'policies'] }] },
  ],
  [client('limits: { inFlight: 5, rate: 100 }'), { clients: [{ limits: { inFlight: 5, rate: 100 } }] }],
  ['accessPoints: { ap-1: bucket }', { accessPoints: { 'ap-1': 'bucket' } }],
  [
    'storageClass: { default: GLACIER, map: { GLACIER: ColdArchive, EXPRESS_ONEZONE: Standard } }',
    { storageClass: { default: 'GLACIER', map: { GLACIER: 'ColdArchive', EXPRESS_ONEZONE: 'Standard' } } },
  ],
  ['limits: &l { inFlight: 7 }\n', { limits: { inFlight: 7 } }],
  ['\ufeffcopy: { parallel: 3 }', { copy: { parallel: 3 } }],
  ['---\ncopy: { parallel: 3 }\n...\n', { copy: { parallel: 3 } }],
])('%s is taken', (document, found) => {
  expect(parseConfig({}, document).document).toMatchObject(found)
})

test('a warning tells that every bucket of OSS may be named without a signature', () => {
  const real = {
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'key',
    OSS_ACCESS_KEY_SECRET: 'the-secret',
  }
  const warningsOf = (document: string, environment = {}) => parseConfig(environment, document).warnings
  expect(warningsOf('anonymous: forward', real)).toEqual([
    expect.stringMatching(/anonymous: forward without anonymousBuckets/),
  ])
  expect(warningsOf('anonymous: forward\nanonymousBuckets: [site]', real)).toEqual([])
  expect(warningsOf('anonymous: forward')).toEqual([])
})
