import { randomBytes } from 'node:crypto'
import { children, renderXml, text, type XmlNode } from '../../xml/index.ts'
import { readXml } from '../body.ts'
import { type BucketCall, changeBucket } from '../call.ts'
import { isoSeconds, ownerOf } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import type { Operation } from '../operation.ts'
import { configKey } from '../store/keys.ts'
import { isCustomDomain } from './cnames.ts'

/** Proves that a domain is its binder's, once DNS has it: valid for 72 hours (OSS's page on CreateCnameToken). */
type Token = { token: string; expires: number }

const TOKEN_LIFETIME = 72 * 3600_000

/** PutCname, DeleteCname and the rest. */
export const cnameOperations: readonly Operation[] = [
  { name: 'ListCname', method: 'GET', on: 'bucket', query: ['cname'], handle: listCname },
  ...(
    [
      ['CreateCnameToken', 'POST', 'token', createCnameToken],
      ['GetCnameToken', 'GET', 'token', getCnameToken],
      ['PutCname', 'POST', 'add', putCname],
      ['DeleteCname', 'POST', 'delete', deleteCname],
    ] as const
  ).map(
    ([name, method, comp, handle]): Operation => ({
      name,
      method,
      on: 'bucket',
      query: ['cname', 'comp'],
      comp,
      handle,
    }),
  ),
]

async function listCname({ state, bucket }: BucketCall): Promise<Reply> {
  return {
    body: renderXml('ListCnameResult', {
      Bucket: bucket.name,
      Owner: ownerOf(bucket),
      Cname: state.cnames.of(bucket.name).map(({ domain, since }) => ({
        Domain: domain,
        LastModified: isoSeconds(since),
        Status: 'Enabled',
        IsPurgeCdnCache: false,
      })),
    }),
  }
}

/** The one that there is, while it is valid. */
async function createCnameToken(call: BucketCall): Promise<Reply> {
  const domain = domainOf(await readCname(call))
  return changeBucket(call, (transaction, bucket) => {
    const key = tokenKey(bucket.id, domain)
    const token = validToken(call, key) ?? {
      token: randomBytes(16).toString('hex'),
      expires: call.state.now() + TOKEN_LIFETIME,
    }
    transaction.put(key, token)
    return renderToken(bucket.name, domain, token)
  })
}

async function getCnameToken(call: BucketCall): Promise<Reply> {
  const domain = (call.query.get('cname') ?? '').toLowerCase()
  const token = validToken(call, tokenKey(call.bucket.id, domain))
  if (token === undefined) throw new OssError('NoSuchCnameToken', { elements: { Cname: domain } })
  return renderToken(call.bucket.name, domain, token)
}

/** No DNS is asked here: a domain is verified by `createLocalOss`'s option alone. Certificates are not served. */
async function putCname(call: BucketCall): Promise<Reply> {
  const cname = await readCname(call)
  const domain = domainOf(cname)
  const { state, bucket } = call
  const boundTo = state.cnames.bucketOf(domain)
  if (boundTo !== undefined && boundTo !== bucket.name) throw new OssError('CnameAlreadyExists')
  if (!state.cnames.isVerified(domain, bucket.name)) {
    throw new OssError('NeedVerifyDomainOwnership', { elements: { Cname: domain } })
  }
  if (children(cname, 'CertificateConfiguration').length > 0) throw new OssError('OperationNotSupported')
  state.cnames.bind(domain, bucket.name, state.now())
  return {}
}

/** 200, whether or not it was bound (a test of the Go SDK). */
async function deleteCname(call: BucketCall): Promise<Reply> {
  call.state.cnames.unbind(domainOf(await readCname(call)), call.bucket.name)
  return {}
}

async function readCname(call: BucketCall): Promise<XmlNode> {
  const [cname, another] = children(await readXml(call, 'BucketCnameConfiguration'), 'Cname')
  if (cname === undefined || another !== undefined) throw new OssError('MalformedXML')
  return cname
}

function domainOf(cname: XmlNode): string {
  const domain = text(cname, 'Domain')
  if (!domain) throw new OssError('MalformedXML')
  if (!isCustomDomain(domain)) throw invalidArgument('The domain is invalid.', 'Domain', domain)
  return domain.toLowerCase()
}

const tokenKey = (bucketId: string, domain: string) => configKey(bucketId, `cname-token ${domain}`)

function validToken({ state }: BucketCall, key: Buffer): Token | undefined {
  const token = state.store.get<Token>(key)
  return token !== undefined && token.expires > state.now() ? token : undefined
}

function renderToken(bucket: string, domain: string, { token, expires }: Token): Reply {
  const ExpireTime = new Date(expires).toUTCString()
  return { body: renderXml('CnameToken', { Bucket: bucket, Cname: domain, Token: token, ExpireTime }) }
}
