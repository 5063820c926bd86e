import { renderXml } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { parseLimit } from '../lists/list-query.ts'

/** ListLiveChannel: as none can be made, there are none. @throws OssError InvalidArgument. */
export async function listLiveChannels({ query }: BucketCall): Promise<Reply> {
  return {
    body: renderXml('ListLiveChannelResult', {
      Prefix: query.get('prefix') ?? '',
      Marker: query.get('marker') ?? '',
      MaxKeys: parseLimit(query, 'max-keys', 100),
      IsTruncated: false,
    }),
  }
}

/** GetLiveChannelInfo, GetLiveChannelStat and GetLiveChannelHistory. @throws OssError NoSuchLiveChannel, always. */
export async function noLiveChannel(): Promise<Reply> {
  throw new OssError('NoSuchLiveChannel')
}
