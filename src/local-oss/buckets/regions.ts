import { renderXml } from '../../xml/index.ts'
import type { Call } from '../call.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'

/** OSS's public regions (https://www.alibabacloud.com/help/en/oss/regions-and-endpoints). */
const REGIONS = `
  ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-southeast-7 cn-beijing
  cn-chengdu cn-fuzhou cn-guangzhou cn-hangzhou cn-heyuan cn-hongkong cn-huhehaote cn-nanjing cn-qingdao cn-shanghai
  cn-shenzhen cn-wuhan-lr cn-wulanchabu cn-zhangjiakou eu-central-1 eu-west-1 me-central-1 me-east-1 na-south-1 us-east-1
  us-west-1`
  .trim()
  .split(/\s+/)

/** DescribeRegions: the endpoints of all of them, or of the one that is named as `oss-cn-hangzhou`. @throws OssError NoSuchRegion. */
export async function describeRegions({ query }: Call): Promise<Reply> {
  const wanted = query.get('regions') ?? ''
  const found = REGIONS.filter((region) => wanted === '' || wanted === `oss-${region}`)
  if (found.length === 0) throw new OssError('NoSuchRegion', { elements: { Region: wanted } })
  return {
    body: renderXml('RegionInfoList', {
      RegionInfo: found.map((region) => ({
        Region: `oss-${region}`,
        InternetEndpoint: `oss-${region}.aliyuncs.com`,
        InternalEndpoint: `oss-${region}-internal.aliyuncs.com`,
        AccelerateEndpoint: 'oss-accelerate.aliyuncs.com',
      })),
    }),
  }
}
