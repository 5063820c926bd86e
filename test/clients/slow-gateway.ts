import { parseConfig } from '../../src/config/parse-config.ts'
import type { FaultAction } from '../../src/local-oss/index.ts'
import { serve } from '../../src/node/serve.ts'

/**
 * A gateway whose copies are slow, for clients that are not JavaScript: `node --import tsx test/clients/slow-gateway.ts PORT`.
 * Keys say what happens to a copy to them: `slow-…` takes its time, `once-…` fails late the first time, `always-…` each time.
 */
const LIMIT = 1024 ** 2
const config = parseConfig(
  {
    PORT: process.argv[2] ?? '9410',
    ADMIN_PORT: '0',
    LOCAL_OSS_PORT: '0',
    LOCAL_OSS_DIR: ':memory:',
    LOCAL_OSS_COPY_LIMIT: String(LIMIT),
  },
  JSON.stringify({ copy: { keepAliveAfter: 0.3, partSize: LIMIT } }),
)
const { localOss, port } = await serve(config, () => {})
const operation = ['CopyObject', 'UploadPartCopy']
const add = (key: RegExp, action: FaultAction, times = Number.POSITIVE_INFINITY) =>
  localOss?.faults.add({ operation, key, times, action })
const failure: FaultAction = { kind: 'error', status: 403, code: 'AccessDenied' }

add(/^slow-/, { kind: 'delay', ms: 2500 })
add(/^(once|always)-/, { kind: 'delay', ms: 900 })
add(/^always-/, failure)
for (const client of ['boto3', 'cli', 'cp']) add(new RegExp(`^once-${client}`), failure, 1)
process.stdout.write(`listening on ${port}\n`)
