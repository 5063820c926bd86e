import { parseArgs } from 'node:util'
import type { Config } from './config.ts'
import { type Explanation, explainCopy } from './explain.ts'
import { nodePorts, openUpstream, type Upstream } from './node-ports.ts'
import { socketTransport } from './node-transport.ts'
import { headerMap, type Log } from './ports.ts'

/** The options of `aws s3api copy-object` that have a say in how a copy is done, by their headers. */
const options: Record<string, string> = {
  'metadata-directive': 'x-amz-metadata-directive',
  'tagging-directive': 'x-amz-tagging-directive',
  tagging: 'x-amz-tagging',
  'storage-class': 'x-amz-storage-class',
  acl: 'x-amz-acl',
  'server-side-encryption': 'x-amz-server-side-encryption',
  'ssekms-key-id': 'x-amz-server-side-encryption-aws-kms-key-id',
  'checksum-algorithm': 'x-amz-checksum-algorithm',
  'content-type': 'content-type',
  'if-none-match': 'if-none-match',
  'copy-source-if-match': 'x-amz-copy-source-if-match',
  'copy-source-if-none-match': 'x-amz-copy-source-if-none-match',
  'copy-source-if-modified-since': 'x-amz-copy-source-if-modified-since',
  'copy-source-if-unmodified-since': 'x-amz-copy-source-if-unmodified-since',
}

export const EXPLAIN_USAGE = `explain copy s3://SOURCE-BUCKET/KEY[?versionId=V] s3://BUCKET/KEY [options]
                say how a copy would be done and every OSS call it would make, without writing anything;
                options as of aws s3api copy-object: ${Object.keys(options)
                  .map((name) => `--${name}`)
                  .join(' ')}`

/**
 * The command `explain copy`.
 * @param args what stands behind `explain`.
 * @returns the text to print. @throws Error with what is wrong in the arguments, or what the copy would throw.
 */
export async function explain(args: readonly string[], configured: Config, log: Log): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' as const }])),
  })
  const [what, from = '', to = '', ...rest] = positionals
  const source = /^s3:\/\/([^/]+)\/([^?]+)(\?versionId=.+)?$/s.exec(from)
  const destination = /^s3:\/\/([^/]+)\/(.+)$/s.exec(to)
  if (what !== 'copy' || source === null || destination === null || rest.length > 0)
    throw new Error(`Usage: s3-oss-gateway ${EXPLAIN_USAGE}`)
  const headers = headerMap({
    'x-amz-copy-source': `${source[1]}/${encodeURIComponent(source[2] ?? '')}${source[3] ?? ''}`,
  })
  for (const [name, value] of Object.entries(values))
    if (typeof value === 'string') headers[options[name] as string] = value

  const { upstream, config } = await reach(configured)
  try {
    const [client] = config.clients.values()
    if (client === undefined) throw new Error('There is no client in the settings')
    const never = new AbortController()
    const request = {
      bucket: destination[1] ?? '',
      key: destination[2] ?? '',
      headers,
      signal: () => never.signal,
      query: new Map(),
      body: undefined,
    }
    const context = { ...nodePorts, config, log, client, requestId: 'explain', renderLate: String }
    return render(
      await explainCopy(context, upstream.transport, request as never, config.localOss?.copyLimit),
    )
  } finally {
    await upstream.close()
  }
}

/** OSS; the embedded one through its socket while a gateway is running on it. */
async function reach(config: Config): Promise<{ upstream: Upstream; config: Config }> {
  try {
    return { upstream: await openUpstream(config), config }
  } catch (error) {
    if (config.localOss === undefined || config.localOss.port === 0) throw error
    const endpoint = {
      ...config.endpoint,
      protocol: 'http:' as const,
      host: `${config.listen.host}:${config.localOss.port}`,
    }
    const upstream = { ...socketTransport(config.document.timeouts.oss), localOss: undefined }
    return { upstream, config: { ...config, endpoint } }
  }
}

function render({ plan, why, calls }: Explanation): string {
  const ranges = 'ranges' in plan ? `, ${plan.ranges.length} part${plan.ranges.length === 1 ? '' : 's'}` : ''
  const lines = [`Plan: ${plan.kind}${ranges}`, `Why:  ${why}`, '']
  if (plan.kind === 'refuse')
    return [
      ...lines,
      `The client is answered ${plan.error.status} ${plan.error.code}: ${plan.error.message}`,
      '',
    ].join('\n')
  return [
    ...lines,
    'OSS calls:',
    ...calls.map((call, index) => `${String(index + 1).padStart(3)}. ${call}`),
    '',
  ].join('\n')
}
