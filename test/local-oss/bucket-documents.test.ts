import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  // Logs need a bucket to go to.
  await client.putBucket('logs')
})
afterAll(() => world.stop())

const put = (query: string, body: string) =>
  world.send({ method: 'PUT', bucket, query: { [query]: null }, body })
const get = (query: string) => world.send({ bucket, query: { [query]: null } })
const withoutDeclaration = (text: string) => text.replace(/^<\?xml.*\?>\n/, '')
const remove = (query: string) => world.send({ method: 'DELETE', bucket, query: { [query]: null } })

describe('a bucket’s document', () => {
  const rule = '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>'
  const lifecycle = (inner: string) =>
    `<LifecycleConfiguration><Rule><ID>r1</ID><Prefix>a/</Prefix><Status>Enabled</Status>${inner}</Rule></LifecycleConfiguration>`
  const expiration = '<Expiration><Days>3</Days></Expiration>'
  const sse = (algorithm: string) =>
    `<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>`
  const rows: [query: string, document: string, absent: string | number, refused: string[]][] = [
    [
      'cors',
      `<CORSConfiguration>${rule}<ResponseVary>true</ResponseVary></CORSConfiguration>`,
      'NoSuchCORSConfiguration',
      ['<CORSConfiguration/>', `<CORSConfiguration>${rule.replace('GET', 'PATCH')}</CORSConfiguration>`],
    ],
    [
      'lifecycle',
      lifecycle(expiration),
      'NoSuchLifecycle',
      [
        lifecycle(''),
        lifecycle(
          '<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>',
        ),
        lifecycle('<Transition><Days>3</Days><StorageClass>GLACIER</StorageClass></Transition>'),
        lifecycle(`${expiration}<Filter><And/></Filter>`),
        '<Lifecycle/>',
      ],
    ],
    [
      'encryption',
      sse('AES256'),
      'NoSuchServerSideEncryptionRule',
      [
        sse(''),
        '<ServerSideEncryptionConfiguration/>',
        sse('AES256').replace('</SSEAlgorithm>', '</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>'),
      ],
    ],
    ['policy', '{"Version":"1","Statement":[]}', 'NoSuchBucketPolicy', ['<xml/>', '{"Version":"1"}']],
    [
      'website',
      '<WebsiteConfiguration><IndexDocument><Suffix>i.html</Suffix></IndexDocument></WebsiteConfiguration>',
      'NoSuchWebsiteConfiguration',
      ['<WebsiteConfiguration/>'],
    ],
    [
      'tagging',
      '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>',
      200,
      ['<Tagging/>'],
    ],
    [
      'logging',
      '<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix/></LoggingEnabled></BucketLoggingStatus>',
      200,
      [
        '<BucketLoggingStatus><LoggingEnabled/></BucketLoggingStatus>',
        '<BucketLoggingStatus><LoggingEnabled><TargetBucket>oss</TargetBucket></LoggingEnabled></BucketLoggingStatus>',
        '<BucketLoggingStatus><LoggingEnabled><TargetBucket>nowhere</TargetBucket></LoggingEnabled></BucketLoggingStatus>',
      ],
    ],
    [
      'transferAcceleration',
      '<TransferAccelerationConfiguration><Enabled>true</Enabled></TransferAccelerationConfiguration>',
      'NoSuchTransferAccelerationConfiguration',
      [
        '<TransferAccelerationConfiguration/>',
        '<TransferAccelerationConfiguration><Enabled>yes</Enabled></TransferAccelerationConfiguration>',
      ],
    ],
    [
      'overwriteConfig',
      '<OverwriteConfiguration><Rule><ID>1</ID><Action>forbid</Action><Prefix>a</Prefix></Rule></OverwriteConfiguration>',
      'NoSuchBucketOverwriteConfig',
      [
        '<OverwriteConfiguration/>',
        '<OverwriteConfiguration><Rule><Action>allow</Action></Rule></OverwriteConfiguration>',
      ],
    ],
    [
      'userDefinedLogFieldsConfig',
      '<UserDefinedLogFieldsConfiguration><HeaderSet><header>a</header></HeaderSet></UserDefinedLogFieldsConfiguration>',
      'NoSuchUserDefinedLogFieldsConfig',
      ['<UserDefinedLogFieldsConfiguration/>'],
    ],
    [
      'publicAccessBlock',
      '<PublicAccessBlockConfiguration><BlockPublicAccess>false</BlockPublicAccess></PublicAccessBlockConfiguration>',
      200,
      ['<PublicAccessBlockConfiguration/>'],
    ],
  ]
  test.each(rows)('%s is kept, given back and deleted', async (query, document, absent, refused) => {
    const isAbsent = async () => {
      const answer = await get(query)
      expect(typeof absent === 'string' ? codeOf(answer) : answer.status).toBe(absent)
    }
    await isAbsent()
    for (const body of [...refused, '<a><b></a>']) {
      const answer = await put(query, body)
      expect(answer.status, body).toBe(400)
    }
    await isAbsent()
    expect((await put(query, document)).status).toBe(200)
    expect(withoutDeclaration((await get(query)).text)).toBe(document)
    expect((await remove(query)).status).toBe(204)
    await isAbsent()
  })

  test.each([
    'requestPayment',
    'referer',
    'accessmonitor',
    'bucketArchiveDirectRead',
    'httpsConfig',
    'resourceGroup',
  ])('%s has a default and only changes', async (query) => {
    expect((await get(query)).status).toBe(200)
    expect((await remove(query)).status).toBe(405)
  })

  test('a policy is public when it allows everyone something without a condition', async () => {
    const statement = {
      Effect: 'Allow',
      Principal: ['*'],
      Action: ['oss:GetObject'],
      Resource: ['acs:oss:*:*:b/*'],
    }
    const isPublic = async (change: object) => {
      await put('policy', JSON.stringify({ Version: '1', Statement: [{ ...statement, ...change }] }))
      return (await get('policyStatus')).text.includes('<IsPublic>true</IsPublic>')
    }
    expect((await get('policyStatus')).text).toContain('<IsPublic>false</IsPublic>')
    expect(await isPublic({})).toBe(true)
    // To OSS no principal at all is everyone, too.
    expect(await isPublic({ Principal: [] })).toBe(true)
    expect(await isPublic({ Effect: 'Deny' })).toBe(false)
    expect(await isPublic({ Principal: ['1234567890'] })).toBe(false)
    expect(await isPublic({ Condition: { IpAddress: { 'acs:SourceIp': ['10.0.0.0/8'] } } })).toBe(false)
    await remove('policy')
  })

  const objectWorm =
    '<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled></ObjectWormConfiguration>'
  test.each([...rows.map((row) => row.slice(0, 2) as [string, string]), ['objectWorm', objectWorm]] as const)(
    '%s of a bucket that is missing',
    async (query, document) => {
      const newest = ['objectWorm', 'overwriteConfig'].includes(query)
      for (const method of ['PUT', 'GET', 'DELETE']) {
        const missing = { method, bucket: 'no-such-bucket', query: { [query]: null } }
        const answer = await world.send(method === 'PUT' ? { ...missing, body: document } : missing)
        expect([codeOf(answer), /<EC>(.*)<\/EC>/.exec(answer.text)?.[1]]).toEqual(
          newest && method === 'PUT' ? ['MalformedXML', '0015-00000231'] : ['NoSuchBucket', '0015-00000101'],
        )
      }
    },
  )

  const status = (value: string) =>
    `<AccessMonitorConfiguration><Status>${value}</Status></AccessMonitorConfiguration>`
  const directRead = (value: string) =>
    `<ArchiveDirectReadConfiguration><Enabled>${value}</Enabled></ArchiveDirectReadConfiguration>`
  const tls = (enabled: string, ...versions: string[]) =>
    `<HttpsConfiguration><TLS><Enable>${enabled}</Enable>${versions.map((version) => `<TLSVersion>${version}</TLSVersion>`).join('')}</TLS></HttpsConfiguration>`
  test.each([
    ['accessmonitor', status('Disabled'), status('Enabled'), status('aa')],
    ['bucketArchiveDirectRead', directRead('false'), directRead('true'), directRead('aa')],
    ['httpsConfig', tls('false'), tls('true', 'TLSv1.2', 'TLSv1.3'), tls('true')],
    ['httpsConfig', tls('true', 'TLSv1.2', 'TLSv1.3'), tls('false'), tls('true', 'SSLv3')],
  ])('%s is %s, then what it is set to', async (query, before, set, refused) => {
    expect(withoutDeclaration((await get(query)).text)).toBe(before)
    expect((await put(query, set)).status).toBe(200)
    expect(codeOf(await put(query, refused))).toBe('MalformedXML')
    expect(withoutDeclaration((await get(query)).text)).toBe(set)
  })

  test('may stand behind blanks, and nothing else', async () => {
    const document = `<?xml version="1.0" encoding="UTF-8"?>${status('Enabled')}`
    for (const before of [' ', '\r\n\t'])
      expect((await put('accessmonitor', before + document)).status).toBe(200)
    expect(codeOf(await put('accessmonitor', `x${document}`))).toBe('MalformedXML')
  })

  test('says by default that referers are compared without their queries', async () => {
    const other = (await world.bucket()).getBucket()
    const { text } = await world.send({ bucket: other, query: { referer: null } })
    expect(text).toContain('<AllowTruncateQueryString>true</AllowTruncateQueryString>')
  })

  test('names a TLS version once', async () => {
    await put('httpsConfig', tls('true', 'TLSv1.2', 'TLSv1.2'))
    expect(withoutDeclaration((await get('httpsConfig')).text)).toBe(tls('true', 'TLSv1.2'))
  })

  test('a resource group is the one there is', async () => {
    const { text } = await get('resourceGroup')
    expect((await put('resourceGroup', text)).status).toBe(200)
    const other = await put('resourceGroup', text.replace(/rg-\w+/, 'rg-other'))
    expect([other.status, codeOf(other)]).toEqual([400, 'ResourceGroupIdPreCheckError'])
    expect(other.text).toContain('<EC>0039-00000003</EC>')
  })

  const index = '<IndexDocument><Suffix>i</Suffix><SupportSubDir>true</SupportSubDir></IndexDocument>'
  test.each([
    [
      'publicAccessBlock',
      '<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>',
    ],
    ['website', `<WebsiteConfiguration>${index}</WebsiteConfiguration>`],
    [
      'transferAcceleration',
      '<TransferAccelerationConfiguration><Enabled>true</Enabled></TransferAccelerationConfiguration>',
    ],
    [
      'lifecycle',
      lifecycle(
        '<Expiration><Days>3</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>',
      ),
    ],
    ['cors', `<CORSConfiguration>${rule}<ResponseVary>true</ResponseVary></CORSConfiguration>`],
    [
      'referer',
      '<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><AllowTruncateQueryString>true</AllowTruncateQueryString></RefererConfiguration>',
    ],
  ])('%s says true in lower case, however it was told', async (query, document) => {
    for (const word of ['true', 'True', 'TRUE', ' true ', 'false', 'False']) {
      expect((await put(query, document.replaceAll('>true<', `>${word}<`))).status, word).toBe(200)
      const settled = document.replaceAll('>true<', `>${word.trim().toLowerCase()}<`)
      expect(withoutDeclaration((await get(query)).text)).toBe(settled)
    }
    expect(codeOf(await put(query, document.replaceAll('>true<', '>1<')))).toBe('MalformedXML')
    await remove(query)
  })

  test('a log without a prefix has an empty one', async () => {
    const document = (more: string) =>
      `<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket>${more}</LoggingEnabled></BucketLoggingStatus>`
    expect((await put('logging', document(''))).status).toBe(200)
    expect(withoutDeclaration((await get('logging')).text)).toBe(document('<TargetPrefix/>'))
    await remove('logging')
  })

  const mirrored =
    '<MirrorURL>http://a.example.com/</MirrorURL><MirrorFollowRedirect>false</MirrorFollowRedirect><MirrorCheckMd5>true</MirrorCheckMd5><MirrorPassOriginalSlashes>true</MirrorPassOriginalSlashes>'
  const passes = (isSo: boolean) => `<MirrorPassQueryString>${isSo}</MirrorPassQueryString>`
  test.each([
    ['Mirror', mirrored + passes(true), true, ''],
    ['Mirror', mirrored, false, passes(false)],
    ['External', passes(true), false, ''],
  ])('a website’s %s with %j passes queries: %s', async (type, mirror, pass, added) => {
    const website = (word: string, more: string) =>
      `<WebsiteConfiguration>${index}<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber><Redirect><RedirectType>${type}</RedirectType><PassQueryString>${word}</PassQueryString>${mirror}${more}</Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>`
    expect((await put('website', website('False', ''))).status).toBe(200)
    expect(withoutDeclaration((await get('website')).text)).toBe(website(String(pass), added))
    await remove('website')
  })

  test.each([
    ['AES256', 'SM4', 'AES256', undefined],
    ['SM4', 'SM4', 'SM4', undefined],
    ['KMS', 'SM4', 'KMS', 'SM4'],
    ['KMS', '', 'KMS', undefined],
  ])(
    'an encryption by %s has data encryption %s where it counts',
    async (algorithm, data, kept, keptData) => {
      const rule = sse(algorithm).replace(
        '</SSEAlgorithm>',
        `</SSEAlgorithm><KMSDataEncryption>${data}</KMSDataEncryption><KMSMasterKeyID/>`,
      )
      expect((await put('encryption', rule)).status).toBe(200)
      const { text } = await get('encryption')
      expect(text).toContain(`<SSEAlgorithm>${kept}</SSEAlgorithm>`)
      expect(/<KMSDataEncryption>(.*)<\/KMS/.exec(text)?.[1]).toBe(keptData)
      expect(text).not.toContain('KMSMasterKeyID')
      await remove('encryption')
    },
  )

  test('is understood by the SDK', async () => {
    await client.putBucketLifecycle(bucket, [
      { id: 'r', prefix: 'x/', status: 'Enabled', expiration: { days: 3 } },
      { id: 's', prefix: 'y/', status: 'Disabled', abortMultipartUpload: { days: 1 } },
    ] as never)
    expect((await client.getBucketLifecycle(bucket)).rules).toHaveLength(2)
    await client.putBucketWebsite(bucket, { index: 'i.html', error: 'e.html' } as never)
    expect(await client.getBucketWebsite(bucket)).toMatchObject({ index: 'i.html', error: 'e.html' })
    await client.putBucketReferer(bucket, false, ['https://a', 'https://b'])
    expect(await client.getBucketReferer(bucket)).toMatchObject({
      allowEmpty: false,
      referers: ['https://a', 'https://b'],
    })
    await client.putBucketRequestPayment(bucket, 'Requester')
    expect(await client.getBucketRequestPayment(bucket)).toMatchObject({ payer: 'Requester' })
    await client.putBucketPolicy(bucket, { Version: '1', Statement: [] })
    expect((await client.getBucketPolicy(bucket)).policy).toEqual({ Version: '1', Statement: [] })
    await client.putBucketTags(bucket, { a: '1', b: '2' })
    expect((await client.getBucketTags(bucket)).tag).toEqual({ a: '1', b: '2' })
    await client.deleteBucketTags(bucket)
    expect((await client.getBucketTags(bucket)).tag).toEqual({})
  })

  test.each(['中文', '%@abc', '++123%'])(
    'a tag %s is of letters of any script, and more than an object’s',
    async (key) => {
      await put('tagging', `<Tagging><TagSet><Tag><Key>${key}</Key><Value>v</Value></Tag></TagSet></Tagging>`)
      expect((await client.getBucketTags(bucket)).tag).toEqual({ [key]: 'v' })
    },
  )

  test.each([
    ['k1', { k2: '2', k3: '3' }],
    ['k1,k3', { k2: '2' }],
    ['k1,k2,k3', {}],
    ['other', { k1: '1', k2: '2', k3: '3' }],
  ])('tags %s are deleted, and no others', async (tagging, left) => {
    await client.putBucketTags(bucket, { k1: '1', k2: '2', k3: '3' })
    expect((await world.send({ method: 'DELETE', bucket, query: { tagging } })).status).toBe(204)
    expect((await client.getBucketTags(bucket)).tag).toEqual(left)
  })

  test('is not deleted as a whole by who names a part of it that it has not', async () => {
    await put('cors', `<CORSConfiguration>${rule}</CORSConfiguration>`)
    const answer = await world.send({ method: 'DELETE', bucket, query: { cors: 'rule-1' } })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument'])
    expect((await get('cors')).status).toBe(200)
  })
})

test('a bucket’s rules forbid overwriting what they name', async () => {
  const guarded = await world.bucket()
  const name = guarded.getBucket()
  const rules = (...inner: string[]) =>
    `<OverwriteConfiguration>${inner.map((rule, i) => `<Rule><ID>${i}</ID><Action>forbid</Action>${rule}</Rule>`).join('')}</OverwriteConfiguration>`
  const body = rules(
    '<Prefix>a/</Prefix><Suffix>.txt</Suffix>',
    '<Prefix>b/</Prefix><Principals><Principal>1234567890</Principal></Principals>',
  )
  const set = { method: 'PUT', bucket: name, query: { overwriteConfig: null } }
  for (const key of ['a/k.txt', 'a/k.bin', 'b/k']) await guarded.put(key, Buffer.from('1'))
  expect((await world.send({ ...set, body })).status).toBe(200)
  const again = (key: string) => guarded.put(key, Buffer.from('2'))
  expect(await failure(again('a/k.txt'))).toMatchObject({ code: 'FileAlreadyExists', status: 409 })
  for (const key of ['a/k.bin', 'b/k', 'a/new.txt']) await again(key)
  await guarded.delete('a/k.txt')
  await again('a/k.txt')
  await world.send({ ...set, method: 'DELETE' })
  await again('a/k.txt')
})

test('archived objects are read directly where a bucket says so, those of class Archive', async () => {
  const archive = await world.bucket()
  const name = archive.getBucket()
  for (const storageClass of ['Archive', 'ColdArchive']) {
    await archive.put(storageClass, Buffer.from('x'), { headers: { 'x-oss-storage-class': storageClass } })
  }
  const codes = () =>
    Promise.all(
      ['Archive', 'ColdArchive'].map(async (key) => codeOf(await world.send({ bucket: name, key })) ?? 200),
    )
  expect(await codes()).toEqual(['InvalidObjectState', 'InvalidObjectState'])
  const body = '<ArchiveDirectReadConfiguration><Enabled>true</Enabled></ArchiveDirectReadConfiguration>'
  await world.send({ method: 'PUT', bucket: name, query: { bucketArchiveDirectRead: null }, body })
  expect(await codes()).toEqual([200, 'InvalidObjectState'])
})

test('a bucket’s default encryption is applied to objects that ask for none', async () => {
  const encrypted = await world.bucket()
  await encrypted.putBucketEncryption(encrypted.getBucket(), { SSEAlgorithm: 'AES256' } as never)
  const algorithm = async (key: string) => {
    const { res } = await encrypted.head(key)
    return (res as { headers: Record<string, string> }).headers['x-oss-server-side-encryption']
  }
  await encrypted.put('plain', Buffer.from('x'))
  await encrypted.put('own', Buffer.from('x'), { headers: { 'x-oss-server-side-encryption': 'KMS' } })
  await encrypted.multipartUpload('parts', Buffer.alloc(200_000), {})
  expect([await algorithm('plain'), await algorithm('own'), await algorithm('parts')]).toEqual([
    'AES256',
    'KMS',
    'AES256',
  ])
})

describe('cross-origin rules', () => {
  const preflight = (headers: Record<string, string>) =>
    world.fetch(`http://${bucket}.oss-cn-hangzhou.aliyuncs.com/k`, { method: 'OPTIONS', headers })

  test('answer preflights and mark answers', async () => {
    await client.putBucketCORS(bucket, [
      {
        allowedOrigin: 'https://*.example.com',
        allowedMethod: ['GET', 'PUT'],
        allowedHeader: 'x-oss-*',
        exposeHeader: 'ETag',
        maxAgeSeconds: '60',
      },
    ] as never)
    const origin = 'https://a.example.com'
    const allowed = await preflight({
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-oss-date, X-Oss-Meta-A',
    })
    expect(allowed.status).toBe(200)
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'x-oss-date, x-oss-meta-a',
      'access-control-max-age': '60',
    })
    await client.put('k', Buffer.from('x'))
    const simple = await world.send({ bucket, key: 'k', headers: { origin } })
    expect(simple.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'ETag',
    })
    expect(
      (await world.send({ bucket, key: 'k', headers: { origin: 'https://else' } })).headers,
    ).not.toHaveProperty('access-control-allow-origin')
  })

  test.each(['-1', '1000000000'])('last %s seconds in none', async (seconds) => {
    const body = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>${seconds}</MaxAgeSeconds></CORSRule></CORSConfiguration>`
    const answer = await put('cors', body)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument'])
    expect(answer.text).toContain(
      `<ArgumentName>MaxAgeSeconds</ArgumentName><ArgumentValue>${seconds}</ArgumentValue>`,
    )
  })

  test.each([
    ['', 'false', undefined],
    ['<ResponseVary>false</ResponseVary>', 'false', undefined],
    ['<ResponseVary>true</ResponseVary>', 'true', 'Origin'],
  ])('with %j vary %s, whoever asks', async (element, kept, vary) => {
    const other = (await world.bucket()).getBucket()
    const body = `<CORSConfiguration><CORSRule><AllowedOrigin>http://a</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>${element}</CORSConfiguration>`
    const query = { cors: null }
    await world.send({ method: 'PUT', bucket: other, query, body })
    expect((await world.send({ bucket: other, query })).text).toContain(
      `<ResponseVary>${kept}</ResponseVary>`,
    )
    for (const headers of [{}, { origin: 'http://a' }, { origin: 'http://b' }] as { origin?: string }[]) {
      expect((await world.send({ bucket: other, headers })).headers.vary).toBe(vary)
      const missing = await world.send({ bucket: other, key: 'none', headers })
      expect([missing.status, missing.headers.vary]).toEqual([404, vary])
      const allowed = headers.origin === 'http://a' ? 'http://a' : undefined
      expect(missing.headers['access-control-allow-origin']).toBe(allowed)
    }
  })

  test('refuse what no rule admits', async () => {
    const method = { 'access-control-request-method': 'DELETE' }
    expect(codeOf(await preflight({ origin: 'https://a.example.com', ...method }))).toBe('AccessForbidden')
    expect(codeOf(await preflight({ origin: 'https://else', 'access-control-request-method': 'GET' }))).toBe(
      'AccessForbidden',
    )
    expect(codeOf(await preflight(method))).toBe('BadRequest')
    expect(codeOf(await preflight({ origin: 'https://a.example.com' }))).toBe('BadRequest')
  })
})
