import { parseLenientXml, type XmlNode } from '../../src/xml/index.ts'
import type { OssBucket } from '../harness.ts'

type Raw = {
  _objectRequestParams(method: string, name: string, options: object): Record<string, unknown>
  _bucketRequestParams(
    method: string,
    bucket: string,
    subres: string,
    options: object,
  ): Record<string, unknown>
  request(params: object): Promise<{ data: Buffer; status: number }>
}

/** A sub-resource's document as OSS has it, for what ali-oss has no method for. */
export async function readObject(oss: OssBucket, key: string, subresource: string, root: string) {
  const raw = oss as unknown as Raw
  const params = raw._objectRequestParams('GET', key, { subres: { [subresource]: '' } })
  return parse(await raw.request({ ...params, successStatuses: [200] }), root)
}

/** The same of a bucket. */
export async function readBucket(oss: OssBucket, bucket: string, subresource: string, root: string) {
  return parse(await readBucketText(oss, bucket, subresource), root)
}

/** A bucket's document, unparsed. */
export async function readBucketText(oss: OssBucket, bucket: string, subresource: string): Promise<string> {
  const raw = oss as unknown as Raw
  const params = raw._bucketRequestParams('GET', bucket, subresource, {})
  const { data } = await raw.request({ ...params, successStatuses: [200] })
  return data.toString()
}

/** Sets a bucket's document past the gateway. */
export async function writeBucket(oss: OssBucket, bucket: string, subresource: string, content: string) {
  const raw = oss as unknown as Raw
  const params = raw._bucketRequestParams('PUT', bucket, subresource, {})
  await raw.request({ ...params, mime: 'xml', content, successStatuses: [200] })
}

const parse = (answer: string | { data: Buffer }, root: string): XmlNode =>
  parseLenientXml(typeof answer === 'string' ? answer : answer.data.toString(), root)

/** Sends a part past the gateway. */
export async function sendPart(
  oss: OssBucket,
  key: string,
  subres: { partNumber: string; uploadId: string },
  content: Buffer,
) {
  const raw = oss as unknown as Raw
  const params = raw._objectRequestParams('PUT', key, { subres })
  await raw.request({ ...params, content, successStatuses: [200] })
}
