import { embeddedEndpoint } from '../src/config/endpoint.ts'
import type { LocalOss } from '../src/local-oss/index.ts'
import { createOssClient } from '../src/oss/client.ts'
import { fixedCredentials } from '../src/oss/credentials/create.ts'
import type { Transport } from '../src/ports.ts'
import { children, text } from '../src/xml/index.ts'

/** A client of an embedded OSS in process, past every gateway. */
export const ossClient = (localOss: LocalOss) =>
  createOssClient({
    transport: localOss.transport as Transport,
    clock: Date.now,
    endpoint: embeddedEndpoint(),
    credentials: fixedCredentials({ accessKeyId: 'local', accessKeySecret: 'local-secret' }),
  })

/** All versions and delete markers in a bucket below a prefix of the gateway's own, past the gateway; key and version id. */
export async function reservedVersions(
  localOss: LocalOss,
  bucket: string,
  prefix = '.s3-oss-gateway/locks/',
): Promise<string[]> {
  const query = { versions: null, prefix, 'max-keys': '1000' }
  const { document } = await ossClient(localOss).sendForXml(
    { method: 'GET', bucket, query },
    'ListVersionsResult',
  )
  return [...children(document, 'Version'), ...children(document, 'DeleteMarker')].map(
    (version) => `${text(version, 'Key')} ${text(version, 'VersionId')}`,
  )
}
