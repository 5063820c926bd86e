import { createHash } from 'node:crypto'
import { keyName } from '../../../operations/mapping.ts'
import { type Bucket, type Facts, ok, type Request, type Step, type Verdict, wrong } from '../check.ts'
import { errorOf, type Response, said, uploadIdOf } from '../http-response.ts'
import { askingOss } from '../oss-answers.ts'
import { copySource } from '../oss-voice.ts'
import { askingS3 } from '../s3-answers.ts'
import { aboutBucket, aboutCopy } from './names.ts'

/** More than one piece of a stream, and more than proxies keep of a body by default. */
const content = Buffer.alloc(2 * 1024 ** 2, 'doctor of s3-oss-gateway\n')
const md5 = createHash('md5').update(content).digest('hex')

/** A key of characters that are encoded everywhere, as OSS has it. */
const ossKey = ({ scratch }: Bucket) => `${scratch}a//b c+d%2F&=é.bin`
/** The same, and that of an upload, as clients have them. */
const objectKey = (bucket: Bucket) => keyName({ mapped: bucket }, ossKey(bucket))
const uploadKey = (bucket: Bucket) => keyName({ mapped: bucket }, `${bucket.scratch}upload`)

type Row = {
  name: string
  needs: readonly string[]
  request: (facts: Facts) => Omit<Request, 'bucket'>
  /** What has to come of it; absent: a success. @returns what is wrong with a success, or what to say of any answer. */
  expects?: (answer: Response, facts: Facts) => string | undefined | Verdict
}

/** What S3 clients do with an object, in this order; each with the actions that OSS must have let the gateway's key have. */
const rows = (bucket: Bucket): Row[] => {
  const key = objectKey(bucket)
  const read = ['S3 PutObject', 'oss:GetObject']
  return [
    { name: 'S3 HeadBucket', needs: ['bucket'], request: () => ({ method: 'HEAD' }) },
    {
      name: 'S3 ListObjectsV2',
      needs: ['oss:ListObjects'],
      request: () => ({
        method: 'GET',
        query: { 'list-type': '2', prefix: keyName({ mapped: bucket }, bucket.scratch) },
      }),
    },
    {
      name: 'S3 PutObject',
      needs: ['gateway path', 'gateway headers', 'gateway bodies', 'oss:PutObject'],
      request: () => ({ method: 'PUT', key, body: content, headers: { 'x-amz-meta-doctor_checks': 'a b' } }),
    },
    {
      name: 'S3 GetObject',
      needs: [...read, 'class'],
      request: () => ({ method: 'GET', key }),
      expects: ({ body }) => (body.equals(content) ? undefined : 'other bytes came back than were sent'),
    },
    {
      name: 'S3 HeadObject',
      needs: read,
      request: () => ({ method: 'HEAD', key }),
      expects: ({ headers }) => {
        if (headers['x-amz-meta-doctor_checks'] !== 'a b') return 'its metadata did not come back'
        return headers.etag === `"${md5}"`
          ? undefined
          : `its ETag is ${headers.etag}, and not the MD5 of its bytes`
      },
    },
    {
      name: 'S3 PutObjectTagging',
      needs: ['S3 PutObject', 'oss:PutObjectTagging'],
      request: () => tagging(key),
    },
    {
      name: 'S3 GetObjectTagging',
      needs: ['S3 PutObjectTagging', 'oss:GetObjectTagging'],
      request: () => ({ method: 'GET', key, query: { tagging: '' } }),
      expects: ({ body }) => (body.includes('<Key>a</Key>') ? undefined : 'the tags did not come back'),
    },
    {
      name: 'S3 GetObjectAcl',
      needs: ['S3 PutObject', 'oss:GetObjectAcl', 'oss:GetBucketAcl'],
      request: () => ({ method: 'GET', key, query: { acl: '' } }),
    },
    {
      name: 'S3 PutObject on If-None-Match',
      needs: [
        'S3 PutObject',
        'oss:PutObject below .s3-oss-gateway/',
        'oss:DeleteObject below .s3-oss-gateway/',
      ],
      request: () => ({ method: 'PUT', key, body: Buffer.from('second'), headers: { 'if-none-match': '*' } }),
      expects: (answer, facts) => conditionVerdict(answer, bucket, facts),
    },
    {
      name: 'S3 CopyObject',
      needs: ['S3 PutObject', `${aboutCopy(bucket.name, bucket.name)} OSS CopyObject`],
      request: () => copied(bucket, bucket),
    },
    {
      name: 'S3 CreateMultipartUpload',
      needs: ['S3 PutObject', 'oss:AbortMultipartUpload'],
      request: () => ({ method: 'POST', key: uploadKey(bucket), query: { uploads: '' } }),
      expects: (answer) => {
        const id = uploadIdOf(answer)
        if (id !== undefined) bucket.uploadId = id
        return id === undefined ? 'it has no upload id' : undefined
      },
    },
    {
      name: 'S3 UploadPart',
      needs: ['S3 CreateMultipartUpload'],
      request: () => ({
        method: 'PUT',
        key: uploadKey(bucket),
        query: { partNumber: '1', uploadId: bucket.uploadId ?? '' },
        body: content,
      }),
      expects: ({ headers }) => {
        if (headers.etag !== undefined) bucket.partETag = headers.etag
        return headers.etag === undefined ? 'it has no ETag' : undefined
      },
    },
    {
      name: 'S3 ListParts',
      needs: ['S3 UploadPart', 'oss:ListParts'],
      request: () => ({ method: 'GET', key: uploadKey(bucket), query: { uploadId: bucket.uploadId ?? '' } }),
    },
    {
      name: 'S3 CompleteMultipartUpload',
      needs: ['S3 UploadPart', 'oss:ListParts', 'oss:GetObjectVersion'],
      request: () => ({
        method: 'POST',
        key: uploadKey(bucket),
        query: { uploadId: bucket.uploadId ?? '' },
        body: Buffer.from(
          `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${bucket.partETag}</ETag></Part></CompleteMultipartUpload>`,
        ),
      }),
    },
    {
      name: 'S3 DeleteObject',
      needs: ['S3 PutObject', 'oss:DeleteObject'],
      request: () => ({ method: 'DELETE', key: uploadKey(bucket) }),
    },
  ]
}

const tagging = (key: string): Omit<Request, 'bucket'> => ({
  method: 'PUT',
  key,
  query: { tagging: '' },
  body: Buffer.from('<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'),
})

/** What asks the gateway for a copy. */
export const copied = (from: Bucket, to: Bucket): Omit<Request, 'bucket'> => ({
  method: 'PUT',
  key: keyName({ mapped: to }, `${to.scratch}copy of ${from.name}`),
  headers: { 'x-amz-copy-source': copySource(from.name, objectKey(from)).slice(1) },
})

/** What S3 clients do in a bucket, through the gateway, and what OSS then has. */
export function transferChecks(bucket: Bucket): Step[] {
  const about = aboutBucket(bucket.name)
  const steps = rows(bucket).map((row) => s3Check(about, bucket, row))
  const written = steps.findIndex(({ name }) => name === 'S3 PutObject')
  return [...steps.slice(0, written + 1), seenCheck(bucket), ...steps.slice(written + 1)]
}

function s3Check(about: string, bucket: Bucket, { name, needs, request, expects }: Row): Step {
  return askingS3({
    about,
    name,
    does: `does ${name} through the gateway`,
    means: 'so it is for S3 clients',
    needs: ['gateway signature', 'gateway readiness', ...needs],
    ask: (facts) => ({ of: 'gateway', bucket: bucket.name, ...request(facts) }),
    judge: (answer, facts) => s3Verdict(answer, facts, expects),
  })
}

const LOG = 'the log of the gateway says why'

/** The verdict on an answer of S3's. @param expects what has to come of it; absent: a success. */
export function s3Verdict(answer: Response, facts: Facts, expects: Row['expects']): Verdict {
  const found = expects?.(answer, facts)
  if (typeof found === 'object') return found
  const problem = errorOf(answer) === undefined ? found : said(answer)
  return problem === undefined ? ok(String(answer.status)) : wrong(problem, LOG)
}

/** A condition that does not hold: refused in S3's words, or, where it cannot be held, refused at all. */
function conditionVerdict(answer: Response, { hasObjectLock }: Bucket, { config }: Facts): Verdict {
  if (answer.status === 412) return ok('412 PreconditionFailed, as in S3')
  if (answer.status >= 300 && config.document.conditionalWrites === 'refuse')
    return ok('refused, by conditionalWrites: refuse')
  if (answer.status >= 300 && hasObjectLock)
    return ok('refused: OSS appends to no lock where there is object lock')
  return wrong(`412 PreconditionFailed should have come: ${said(answer)}`, LOG)
}

/** That OSS has what S3 clients write through the gateway: by its own protocol, past the gateway. */
const seenCheck = (bucket: Bucket): Step =>
  askingOss({
    about: aboutBucket(bucket.name),
    name: 'OSS GetObject',
    does: 'looks at OSS for what was written through the gateway',
    means: 'clients write to another place than the settings name',
    needs: ['S3 PutObject', 'oss:GetObject', 'class'],
    ask: () => ({ of: 'oss', method: 'GET', bucket: bucket.bucket, key: ossKey(bucket) }),
    judge(answer, { config }) {
      if (answer.status === 200 && answer.body.equals(content)) return ok('the same bytes')
      bucket.isElsewhere = true
      return wrong(
        answer.status === 200 ? 'OSS has other bytes than were written' : said(answer),
        `the running gateway is in front of another OSS than doctor asks: OSS_ENDPOINT, OSS_REGION, endpoints${config.buckets.has(bucket.name) ? `; or it has another place for the name: buckets.${bucket.name}` : ''}`,
      )
    },
  })
