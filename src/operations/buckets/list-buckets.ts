import type { BucketMapping } from '../../config/index.ts'
import { eachInParallel } from '../../copy/each-in-parallel.ts'
import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import { regionOfLocation } from '../../oss/regions.ts'
import type { Reply } from '../../ports.ts'
import { invalidArgument } from '../../s3/error.ts'
import { MAX_BUCKETS_LISTED } from '../../s3/limits.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import { mayUseBucket } from '../authorize.ts'
import { parseNumber } from '../lists/list-query.ts'
import { type Context, type Request, xmlReply } from '../operation.ts'

/** A bucket of the list. */
type Listed = { name: string; creationDate: string | undefined; region: string | undefined }

/** How many mapped names are looked up at a time. */
const AT_A_TIME = 8

/**
 * ListBuckets: those of every region at the client's upstream, and the names that the settings map; a limited client sees
 * its own. A mapped name stands for what it is mapped to, also where a bucket has the same.
 */
export async function listBuckets(request: Request, context: Context): Promise<Reply> {
  const { query } = request
  const { client, config } = context
  const wanted = parseNumber(query, 'max-buckets', 1, MAX_BUCKETS_LISTED) ?? MAX_BUCKETS_LISTED
  const region = query.get('bucket-region')
  const isInRegion = (bucket: Listed) => region === undefined || bucket.region === region
  const isWanted = (bucket: Listed) =>
    mayUseBucket(client, bucket.name) && !config.buckets.has(bucket.name) && isInRegion(bucket)
  const found: Listed[] = []
  let owner: XmlNode = {}
  const after = decodeToken(query.get('continuation-token'))
  let marker = after
  let truncated = true
  while (truncated && found.length < wanted) {
    const { document: page } = await context.oss.sendForXml(
      // Always a whole page: of those asked for one by one, most may be filtered out.
      { method: 'GET', query: { 'max-keys': String(MAX_LISTED), prefix: query.get('prefix'), marker } },
      'ListAllMyBucketsResult',
    )
    const [list = {}] = children(page, 'Buckets')
    owner = children(page, 'Owner')[0] ?? {}
    found.push(...children(list, 'Bucket').map(listedOf).filter(isWanted))
    truncated = text(page, 'IsTruncated') === 'true'
    marker = text(page, 'NextMarker')
  }
  if (config.buckets.size > 0) {
    const mappings = [...config.buckets.values()].filter(
      ({ name }) =>
        mayUseBucket(client, name) &&
        name.startsWith(query.get('prefix') ?? '') &&
        (after === undefined || name > after),
    )
    // Behind the last bucket of a page that is full there is room for none.
    const end = found[wanted - 1]?.name
    const isWithin = ({ name }: BucketMapping) => end === undefined || name < end
    truncated ||= !mappings.every(isWithin)
    found.push(...(await lookUp(mappings.filter(isWithin), request, context)).filter(isInRegion))
    found.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
  const buckets = found.slice(0, wanted)
  // The last name the client has seen, and no other bucket's.
  const last = truncated || found.length > wanted ? buckets.at(-1)?.name : undefined
  return xmlReply('ListAllMyBucketsResult', {
    Buckets: {
      Bucket: buckets.map(({ name, creationDate, region }) => ({
        Name: name,
        CreationDate: creationDate,
        BucketRegion: region,
      })),
    },
    Owner: { ID: text(owner, 'ID') },
    ContinuationToken: last === undefined ? undefined : btoa(last),
    Prefix: query.get('prefix'),
  })
}

const listedOf = (bucket: XmlNode): Listed => ({
  name: text(bucket, 'Name') ?? '',
  creationDate: text(bucket, 'CreationDate'),
  region: regionOfLocation(text(bucket, 'Location') ?? ''),
})

/** The buckets of mappings, without those that are not there. */
async function lookUp(
  mappings: readonly BucketMapping[],
  request: Request,
  context: Context,
): Promise<Listed[]> {
  const parallel = Math.min(AT_A_TIME, context.platform.connections)
  const all = await eachInParallel(
    mappings,
    parallel,
    request.signal(),
    async ({ name, upstream, bucket }) => {
      try {
        const { creationDate, region } = await getBucketInfo(context.at(upstream).oss, bucket)
        return { name, creationDate, region }
      } catch (error) {
        if (error instanceof OssError && error.code === 'NoSuchBucket') return undefined
        // It is there, and the upstream's key may not ask when it was made.
        if (error instanceof OssError && error.code === 'AccessDenied')
          return { name, creationDate: undefined, region: undefined }
        throw error
      }
    },
  )
  return all.filter((bucket) => bucket !== undefined)
}

function decodeToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  try {
    return atob(token)
  } catch {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token')
  }
}
