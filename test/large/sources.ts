import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import OSS from 'ali-oss'

export const MiB = 1024 ** 2
/** Larger sources are made of this many bytes, again and again. */
export const BLOCK = 256 * MiB

const regions = { near: 'oss-cn-hangzhou', far: 'oss-cn-beijing', target: 'oss-cn-hangzhou' } as const
type Name = keyof typeof regions

/** Two buckets to copy from, each with a block of random bytes, and one to copy to; as ali-oss clients. */
export async function makeBuckets(s3: S3Client, ossPort: number): Promise<Record<Name, OSS>> {
  const block = randomBytes(BLOCK)
  const make = async (bucket: Name) => {
    const CreateBucketConfiguration = { LocationConstraint: regions[bucket].slice(4) as never }
    await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }))
    const oss = new OSS({
      accessKeyId: 'local',
      accessKeySecret: 'local-secret',
      endpoint: `http://127.0.0.1:${ossPort}`,
      region: regions[bucket],
      bucket,
      authorizationV4: true,
      timeout: '600s',
    } as OSS.Options)
    if (bucket !== 'target') await oss.put('block', block)
    return oss
  }
  return { near: await make('near'), far: await make('far'), target: await make('target') }
}

/** A source of so many blocks, without writing it: parts that share the bytes of the one. */
export async function makeSource(bucket: OSS, name: string, key: string, blocks: number): Promise<void> {
  const headers = { 'content-type': 'text/x-large', 'x-oss-meta-kind': 'large', 'x-oss-tagging': 'a=1' }
  const { uploadId } = await bucket.initMultipartUpload(key, { headers } as never)
  const parts: { number: number; etag: string }[] = []
  for (let number = 1; number <= blocks; number++) {
    const source = { sourceKey: 'block', sourceBucketName: name }
    const part = await bucket.uploadPartCopy(key, uploadId, number, `0-${BLOCK - 1}`, source, {} as never)
    parts.push({ number, etag: (part.res.headers as Record<string, string>).etag ?? '' })
  }
  await bucket.completeMultipartUpload(key, uploadId, parts as never)
}
