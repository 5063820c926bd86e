import type { Config } from '../config/index.ts'
import { DEFAULT_LOCAL_CREDENTIALS } from '../config/machine.ts'
import type { Workers } from '../node/cluster/primary.ts'
import type { Running } from '../node/serve.ts'
import { describeSource } from '../oss/credentials/source.ts'

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)

/** What `serve` prints once it listens: addresses, OSS, and commands to try. Never a secret that was set. */
export function greeting(
  config: Config,
  { port, adminPort, localOssPort }: Running | Workers,
  workers: number,
): string {
  const { host, adminHost, tls } = config.listen
  const endpoint = `${tls ? 'https' : 'http'}://${bracketed(host)}:${port}`
  const lines = [`S3 endpoint   ${endpoint}`]
  if (adminPort > 0)
    lines.push(`Health        http://${bracketed(adminHost)}:${adminPort}/healthz, /readyz and /metrics`)
  if (workers > 1)
    lines.push(`Workers       ${workers}, replaced one after the other at SIGHUP to ${process.pid}`)
  if (config.localOss === undefined) {
    lines.push(
      `OSS           ${config.endpoint.protocol}//${config.endpoint.host}`,
      `Signs with    ${describeSource(config.credentials)}`,
      ...placesOf(config),
    )
    return `${lines.join('\n')}\n`
  }
  const { accessKeyId, accessKeySecret } = config.localOss.key
  const known =
    accessKeyId === DEFAULT_LOCAL_CREDENTIALS.accessKeyId &&
    accessKeySecret === DEFAULT_LOCAL_CREDENTIALS.accessKeySecret
  const keys = known ? `${accessKeyId} / ${accessKeySecret}` : 'S3_ACCESS_KEY_ID and its secret'
  const ossTools = localOssPort > 0 ? `, for OSS tools at http://127.0.0.1:${localOssPort}` : ''
  const [id, secret] = known ? [accessKeyId, accessKeySecret] : ['$S3_ACCESS_KEY_ID', '$S3_SECRET_ACCESS_KEY']
  lines.push(
    `OSS           embedded, kept in ${config.localOss.directory}${ossTools} (${keys})`,
    ...placesOf(config),
    'Set OSS_REGION, OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET to run in front of Alibaba Cloud OSS.',
    '',
    'Try it:',
    '',
    `export AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret} AWS_DEFAULT_REGION=us-east-1`,
    `aws --endpoint-url ${endpoint} s3 mb s3://my-bucket`,
    `echo hello | aws --endpoint-url ${endpoint} s3 cp - s3://my-bucket/hello.txt`,
    `aws --endpoint-url ${endpoint} s3 cp s3://my-bucket/hello.txt s3://my-bucket/copy.txt`,
  )
  return `${lines.join('\n')}\n`
}

/** The other upstreams, and where the names of buckets lead that are not OSS's. */
function placesOf({ upstreams, buckets }: Pick<Config, 'upstreams' | 'buckets'>): string[] {
  const lines = [...upstreams].map(
    ([name, { endpoint, credentials }]) =>
      `Upstream      ${name}: ${endpoint.protocol}//${endpoint.host}, region ${endpoint.region}, signs with ${describeSource(credentials)}`,
  )
  for (const { name, upstream, bucket, prefix } of buckets.values()) {
    const at = upstream === undefined ? '' : ` at ${upstream}`
    lines.push(`Bucket        ${name}: ${bucket}${prefix === '' ? '' : `/${prefix}`}${at}`)
  }
  return lines
}

/** What `check-config` prints of settings without mistakes; no secrets. */
export function summary(config: Config): string {
  const { listen, localOss, endpoint, credentials, clients, sts, anonymous, domains, workers, warnings } =
    config
  const { host, port, adminHost, adminPort, tls } = listen
  const oss =
    localOss === undefined
      ? `${endpoint.protocol}//${endpoint.host}, region ${endpoint.region}`
      : `embedded, kept in ${localOss.directory}`
  return [
    'The settings are right.',
    `OSS           ${oss}`,
    ...[...(endpoint.domains ?? [])].map(
      ([bucket, domain]) => `              ${bucket} by ${domain.protocol}//${domain.host}`,
    ),
    ...(localOss === undefined ? [`Signs with    ${describeSource(credentials)}`] : []),
    ...placesOf(config),
    `S3 endpoint   ${tls ? 'https' : 'http'}://${bracketed(host)}:${port}`,
    `Health        ${adminPort === undefined ? 'off' : `http://${bracketed(adminHost)}:${adminPort}`}`,
    ...(localOss === undefined
      ? []
      : [`OSS tools     ${localOss.port === 0 ? 'off' : `http://127.0.0.1:${localOss.port}`}`]),
    `Workers       ${workers}`,
    `Clients       ${clients.size}`,
    ...(sts === undefined ? [] : [`Short-lived   keys of theirs, of up to ${sts.maxDuration} seconds`]),
    ...(anonymous === undefined ? [] : [`Unsigned      ${anonymous.buckets?.join(', ') ?? 'every bucket'}`]),
    ...(domains.length === 0 ? [] : [`Domains       ${domains.join(', ')}`]),
    ...warnings.map((line) => `Warning       ${line}`),
    '',
  ].join('\n')
}
