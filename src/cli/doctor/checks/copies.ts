import { isOtherRegion } from '../../../oss/error.ts'
import { asking, type Bucket, type Facts, ok, type Step, type Verdict, wrong } from '../check.ts'
import { describeSizes, isTooLarge } from '../copy-sizes.ts'
import { errorOf, type Response, said } from '../http-response.ts'
import { askingOss, denied } from '../oss-answers.ts'
import { copySource } from '../oss-voice.ts'
import { askingS3 } from '../s3-answers.ts'
import { aboutBucket, aboutCopy } from './names.ts'
import { copied, s3Verdict } from './transfers.ts'

/** Copies from one bucket to another, or within one: by OSS, and through the gateway. */
export function copyChecks(from: Bucket, to: Bucket): Step[] {
  if (from.upstream !== to.upstream) return [acrossCheck(from, to)]
  const about = aboutCopy(from.name, to.name)
  const needs = [
    `${aboutBucket(from.name)} oss:PutObject`,
    `${aboutBucket(from.name)} oss:GetObject`,
    `${aboutBucket(from.name)} class`,
    `${aboutBucket(to.name)} oss:PutObject`,
  ]
  const byOss = askingOss({
    about,
    name: 'OSS CopyObject',
    does: 'copies a small object within OSS',
    means: 'copies between these are refused',
    needs,
    ask: () => ({
      of: 'oss',
      method: 'PUT',
      bucket: to.bucket,
      key: `${to.scratch}small of ${from.name}`,
      headers: { 'x-oss-copy-source': copySource(from.bucket, `${from.scratch}small`) },
    }),
    judge: (answer, facts) => copyVerdict(answer, from, to, facts),
  })
  // Within one bucket it is among the bucket's own.
  if (from === to) return [byOss, sizeCheck(from)]
  const throughGateway = askingS3({
    about,
    name: 'S3 CopyObject',
    does: 'copies an object through the gateway',
    means: 'copies between these are refused',
    needs: [
      'OSS CopyObject',
      `${aboutBucket(from.name)} S3 PutObject`,
      `${aboutBucket(from.name)} oss:GetObjectTagging`,
      `${aboutBucket(from.name)} oss:GetObjectVersion`,
      `${aboutBucket(from.name)} oss:GetObjectVersionTagging`,
      `${aboutBucket(to.name)} oss:GetObjectVersion`,
      `${aboutBucket(to.name)} oss:PutObjectTagging`,
    ],
    ask: () => ({ of: 'gateway', bucket: to.name, ...copied(from, to) }),
    judge: (answer, facts) => s3Verdict(answer, facts, undefined),
  })
  return [byOss, throughGateway]
}

/** Up to which size OSS copies within a bucket in one call. */
const sizeCheck = (bucket: Bucket): Step =>
  asking<'copies'>({
    about: aboutCopy(bucket.name, bucket.name),
    name: 'sizes',
    does: 'has OSS copy larger and larger objects',
    means: 'it is not known above which size OSS does not copy in one call',
    needs: [
      'OSS CopyObject',
      `${aboutBucket(bucket.name)} oss:DeleteObject`,
      `${aboutBucket(bucket.name)} oss:AbortMultipartUpload`,
    ],
    applies: ({ measuresCopies }) => measuresCopies,
    ask: () => ({
      of: 'copies',
      bucket,
      kinds: [
        { name: '', headers: {} },
        // Where it is encrypted already, that is no change.
        ...(bucket.encryption?.algorithm === undefined
          ? [{ name: 'where encryption changes ', headers: { 'x-oss-server-side-encryption': 'AES256' } }]
          : []),
      ],
    }),
    judge(answer) {
      if ('failed' in answer)
        return wrong(`the objects for it cannot be made: ${said(answer.failed)}`, 'the error says why')
      const odd = answer.sizes.find(({ refused }) => refused !== undefined && !isTooLarge(refused.answer))
      bucket.copySizes = answer.sizes.map(describeSizes).join('; ')
      if (odd?.refused === undefined) return ok(bucket.copySizes)
      return wrong(
        `${bucket.copySizes}: ${said(odd.refused.answer)}`,
        'the error says why; without an answer OSS takes longer than doctor waits',
      )
    },
  })

/** A copy between upstreams, whose keys cannot read each other's: the gateway reads and writes. */
const acrossCheck = (from: Bucket, to: Bucket): Step =>
  askingS3({
    about: aboutCopy(from.name, to.name),
    name: 'S3 CopyObject',
    does: 'copies an object through the gateway',
    means: 'copies between these are refused',
    needs: [
      `${aboutBucket(from.name)} S3 GetObject`,
      `${aboutBucket(from.name)} oss:GetObjectTagging`,
      `${aboutBucket(from.name)} oss:GetObjectVersion`,
      `${aboutBucket(from.name)} oss:GetObjectVersionTagging`,
      `${aboutBucket(to.name)} S3 PutObject`,
      `${aboutBucket(to.name)} oss:PutObjectTagging`,
    ],
    ask: () => ({ of: 'gateway', bucket: to.name, ...copied(from, to) }),
    judge(answer, facts) {
      if (errorOf(answer)?.code !== 'AccessDenied' || facts.config.document.copy.crossUpstream === 'reroute')
        return s3Verdict(answer, facts, undefined)
      return wrong(
        'copies between upstreams are refused, by copy.crossUpstream: reject',
        'copy.crossUpstream: reroute in the settings document, unless they are to be refused',
      )
    },
  })

function copyVerdict(answer: Response, from: Bucket, to: Bucket, { config }: Facts): Verdict {
  const error = errorOf(answer)
  if (error === undefined) return ok('in one call of OSS')
  const isFar = isOtherRegion(error)
  if (isFar && config.document.copy.crossRegion === 'reroute')
    return ok(`from ${from.region} to ${to.region}: through the gateway, by copy.crossRegion: reroute`)
  if (isFar) {
    return wrong(
      `from ${from.region} to ${to.region}: copies are refused, by copy.crossRegion: reject`,
      'copy.crossRegion: reroute in the settings document, unless they are to be refused',
    )
  }
  return error.code === 'AccessDenied'
    ? denied(error, 'GetObject', 'object', from)
    : wrong(said(answer), 'the error says why OSS does not copy')
}
