import { regionOfLocation } from '../../../oss/regions.ts'
import { child } from '../../../translate/elements.ts'
import { text, type XmlNode } from '../../../xml/index.ts'
import { objectActions } from '../actions.ts'
import { type Bucket, ok, type Step, type UpstreamFacts, type Verdict, warning, wrong } from '../check.ts'
import { documentOf, errorOf, type Response, said } from '../http-response.ts'
import { askingOss, denied } from '../oss-answers.ts'
import { aboutBucket, aboutUpstream } from './names.ts'

/** What a bucket is, and what of that is in the way of S3 clients. @param domain the check of its own domain, if it has one. */
export function bucketChecks(bucket: Bucket, domain: string | undefined): Step[] {
  const about = aboutBucket(bucket.name)
  return [
    askingOss({
      about,
      name: 'bucket',
      does: 'asks OSS for the bucket (GetBucketInfo)',
      means: 'all that clients do in it fails',
      needs: [`${aboutUpstream(bucket.upstream)} credentials`, ...(domain === undefined ? [] : [domain])],
      ask: () => ({ of: 'oss', method: 'GET', bucket: bucket.bucket, query: { bucketInfo: '' } }),
      judge(answer, { config }) {
        const error = errorOf(answer)
        if (error !== undefined) return bucketTrouble(bucket, answer, config.buckets.has(bucket.name))
        learn(bucket, child(documentOf(answer, 'BucketInfo') ?? {}, 'Bucket') ?? {})
        const versions = bucket.versioning === undefined ? 'no versions' : `versions: ${bucket.versioning}`
        return ok(
          `${config.buckets.has(bucket.name) ? `oss://${bucket.bucket}/${bucket.prefix}, ` : ''}in ${bucket.region}, of the account ${bucket.ownerId}, ${bucket.storageClass}, ${versions}`,
        )
      },
    }),
    {
      about,
      name: 'class',
      does: 'looks which class objects get that are written without one',
      means: 'clients cannot read what they have written',
      needs: ['bucket'],
      compare({ config }) {
        const { storageClass = '' } = bucket
        const { default: own } = config.document.storageClass
        if (own !== 'bucket') return ok(`${own}, by storageClass.default`)
        if (!storageClass.includes('Archive')) return ok(storageClass)
        return wrong(
          `objects are ${storageClass} unless clients say otherwise, and have to be restored before they are read`,
          'storageClass.default: STANDARD in the settings document, or a bucket of another class',
        )
      },
    },
    askingOss({
      about,
      name: 'retention',
      does: 'asks for its retention policy (GetBucketWorm)',
      means: 'clients can neither delete nor overwrite what they have written',
      needs: ['bucket'],
      ask: () => ({ of: 'oss', method: 'GET', bucket: bucket.bucket, query: { worm: '' } }),
      judge(answer) {
        const setting = readSetting(answer, 'GetBucketWorm', bucket, 'WormConfiguration')
        if ('outcome' in setting) {
          if (setting.outcome === 'ok') bucket.retention = 'none'
          return setting
        }
        const { document } = setting
        const [days, state] = [text(document, 'RetentionPeriodInDays'), text(document, 'State')]
        return retained(bucket, `${days} days, by its retention policy (${state})`)
      },
    }),
    askingOss({
      about,
      name: 'object lock',
      does: 'asks for its object lock (GetBucketObjectWormConfiguration)',
      means: 'clients cannot delete what they have written',
      needs: ['bucket', 'retention'],
      ask: () => ({ of: 'oss', method: 'GET', bucket: bucket.bucket, query: { objectWorm: '' } }),
      judge(answer) {
        const setting = readSetting(
          answer,
          'GetBucketObjectWormConfiguration',
          bucket,
          'ObjectWormConfiguration',
        )
        if ('outcome' in setting) {
          if (setting.outcome === 'ok') bucket.hasObjectLock = false
          else bucket.retention = undefined
          return setting
        }
        bucket.hasObjectLock = true
        const rule = child(child(setting.document, 'Rule') ?? {}, 'DefaultRetention')
        if (rule !== undefined) {
          const [days, years] = [text(rule, 'Days'), text(rule, 'Years')]
          const time = days === undefined ? `${years} years` : `${days} days`
          return retained(bucket, `${time}, by the default of its object lock (${text(rule, 'Mode')})`)
        }
        return ok('on, without a default')
      },
    }),
  ]
}

function learn(bucket: Bucket, info: XmlNode): void {
  const rule = child(info, 'ServerSideEncryptionRule') ?? {}
  const algorithm = text(rule, 'SSEAlgorithm')
  Object.assign(bucket, {
    region: regionOfLocation(text(info, 'Location') ?? ''),
    ownerId: text(child(info, 'Owner') ?? {}, 'ID') ?? '',
    storageClass: text(info, 'StorageClass') ?? '',
    versioning: text(info, 'Versioning'),
    encryption: {
      algorithm: algorithm === 'None' ? undefined : algorithm,
      keyId: text(rule, 'KMSMasterKeyID') || undefined,
    },
    blocksPublicAccess: text(info, 'BlockPublicAccess') === 'true',
  } satisfies Partial<Bucket>)
}

/** Why OSS does not tell of a bucket. @param isMapped whether the settings say which one it is. */
function bucketTrouble(bucket: Bucket, answer: Response, isMapped: boolean): Verdict {
  const error = errorOf(answer)
  const where = isMapped ? ` (buckets.${bucket.name} of the settings document)` : ''
  if (error?.code === 'NoSuchBucket')
    return wrong(
      `there is none (${said(answer)})`,
      `create the bucket ${bucket.bucket}, or look at its name${where}`,
    )
  if (error?.code !== 'AccessDenied')
    return wrong(said(answer), `the bucket's name, ${bucket.bucket}${where}`)
  const verdict = denied(error, 'GetBucketInfo', 'bucket', bucket)
  // OSS says this of a bucket of one's own as well, without the permission (EC 0003-00000001).
  if (!error.message.includes('does not belong to you')) return verdict
  return { ...verdict, advice: `${verdict.advice}, unless the bucket is another account's` }
}

const retained = (bucket: Bucket, time: string): Verdict => {
  bucket.retention = time
  return wrong(
    `what is written stays for ${time}`,
    'another bucket, unless that is what it is for; conditional writes that need a lock are refused in it (conditionalWrites: lock)',
  )
}

/** A setting's document, or the verdict where there is none or nobody says. */
function readSetting(
  answer: Response,
  action: string,
  bucket: Bucket,
  root: string,
): { document: XmlNode } | Verdict {
  const error = errorOf(answer)
  if (error === undefined) return { document: documentOf(answer, root) ?? {} }
  if (error.code === 'AccessDenied') {
    const { said, advice = '' } = denied(error, action, 'bucket', bucket)
    const row = objectActions.find((one) => one.action === action)
    return warning(`${said}: ${row?.without}`, advice)
  }
  return error.status === 404 ? ok('none') : wrong(said(answer), 'try again')
}

/** The regions of all buckets named at an upstream, beside that of the settings. */
export const regionCheck = ({ about, name, endpoint: { region } }: UpstreamFacts): Step => ({
  about,
  name: 'region',
  does: 'compares the regions of the buckets with OSS_REGION',
  means: 'every request takes the public network, and new buckets are made in the wrong region',
  needs: ['credentials'],
  compare({ buckets, config }) {
    const there = buckets.filter(({ upstream }) => upstream === name)
    const regions = [...new Set(there.flatMap((bucket) => bucket.region ?? []))]
    const [first] = regions
    if (first === undefined || regions.includes(region) || config.localOss !== undefined)
      return ok(regions.length === 0 ? region : regions.join(', '))
    return wrong(
      `OSS_REGION is ${region}, and no bucket is there: they are in ${regions.join(', ')}`,
      `OSS_REGION=${first}, with an OSS_ENDPOINT of that region if there is one`,
    )
  },
})
