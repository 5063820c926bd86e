import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeStrictly as encode } from '../../src/bytes/percent.ts'
import { canonicalRequest, signV4 } from '../../src/oss/sign.ts'
import vectors from '../data/oss-signing-vectors.json'

const { common } = vectors
const query = Object.entries(vectors.query).map(([name, value]) =>
  value === '' ? encode(name) : `${encode(name)}=${encode(value)}`,
)
const headers = Object.fromEntries(
  Object.entries(vectors.headers).map(([name, value]) => [name.toLowerCase(), value]),
)

describe('OSS V4 signing', () => {
  // The gateway signs no additional headers; those vectors belong to the other side's verification.
  const rows = vectors.v4.filter((row) => !('additionalHeaders' in row))
  test.each(rows)('reproduces the published signature of $date', (row) => {
    const token = 'securityToken' in row ? { securityToken: row.securityToken as string } : {}
    const signed = signV4(
      { ...common, query, headers },
      { accessKeyId: common.accessKeyId, accessKeySecret: common.secret, ...token },
      row.unix * 1000,
    )
    expect(signed.authorization).toBe(
      `OSS4-HMAC-SHA256 Credential=ak/${row.date.slice(0, 8)}/cn-hangzhou/oss/aliyun_v4_request,Signature=${row.signature}`,
    )
    const canonical = canonicalRequest({ ...common, query, headers: signed })
    expect(createHash('sha256').update(canonical).digest('hex')).toBe(row.canonicalRequestSha256)
  })

  test('strips the blanks that HTTP strips, and no other', () => {
    const signed = { 'content-type': ' \u00a0text\u00a0\t' }
    expect(canonicalRequest({ ...common, query, headers: signed })).toContain(
      'content-type:\u00a0text\u00a0\n',
    )
  })
})
