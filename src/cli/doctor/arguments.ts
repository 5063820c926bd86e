import { parseArgs } from 'node:util'
import { parseOrigin } from '../../config/endpoint.ts'
import { isReserved } from '../../operations/reserved-keys.ts'
import type { Origin } from '../../oss/regions.ts'
import { isBucketName } from '../../s3/request.ts'
import { argumentProblem, UsageError } from '../usage-error.ts'

/** The usage of `doctor`, as a part of that of the program. */
export const DOCTOR_USAGE = `doctor [options]
                prove a deployment end to end, as an S3 client against the running gateway and as a client of OSS:
                clocks, endpoints, keys, buckets, permissions, transfers; what is wrong is told with the setting or the
                RAM action that mends it, and at the end the RAM policy that is enough, of each upstream. What it writes
                it removes. The exit code is 1 where something is wrong, 2 for mistakes in the command line or the
                settings.
                  --bucket B[/PREFIX]  a bucket to look at by the name that clients use, as often as there are; with a
                                       prefix: where clients are in it
                  --endpoint URL       of the running gateway; by default as the settings say
                  --client KEY         the access key of the settings that asks; by default the first
                  --copy-limit         also measure up to which size OSS copies in one call: it makes objects of up to
                                       5 GiB, within OSS, and removes them
                  --read-only          write nothing
                  --json               the same as JSON`

/** The command line as it was understood. */
export type Arguments = {
  buckets: readonly { name: string; prefix: string }[]
  endpoint: Origin | undefined
  client: string | undefined
  readOnly: boolean
  copyLimit: boolean
  json: boolean
}

/**
 * Parses the arguments after `doctor`.
 * @returns undefined where help is asked for. @throws UsageError with every mistake.
 */
export function parseArguments(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parsed(args)
  if (values.help === true) return undefined
  const problems = positionals.map(
    (text) => `doctor takes no ${JSON.stringify(text)}: buckets are named with --bucket`,
  )
  const { bucket: named = [], endpoint: endpoints = [], client: clients = [] } = values
  const buckets = named.map((text) => {
    const [name = '', ...rest] = text.split('/')
    const prefix = rest.join('/')
    if (!isBucketName(name)) problems.push(`--bucket ${JSON.stringify(text)}: that is no bucket's name`)
    if (isReserved(prefix) || /^[/\\]/.test(prefix))
      problems.push(`--bucket ${JSON.stringify(text)}: no client's keys begin so`)
    return { name, prefix }
  })
  for (const [i, { name }] of buckets.entries())
    if (buckets.findIndex((other) => other.name === name) < i)
      problems.push(`--bucket ${name} is there twice`)
  if (clients.length > 1) problems.push(`--client is there ${clients.length} times`)
  if (endpoints.length > 1) problems.push(`--endpoint is there ${endpoints.length} times`)
  if (values['read-only'] && values['copy-limit'])
    problems.push('--copy-limit cannot be told with --read-only: it writes')
  if (values['copy-limit'] && named.length === 0) problems.push('--copy-limit needs a --bucket to copy in')
  const [text] = endpoints
  const endpoint = text === undefined ? undefined : parseOrigin(text, 'https://s3.example.com')
  if (typeof endpoint === 'string') problems.push(`--endpoint ${JSON.stringify(text)}: ${endpoint}`)
  if (problems.length > 0 || typeof endpoint === 'string') throw new UsageError(problems)
  return {
    buckets,
    endpoint,
    client: clients[0],
    readOnly: values['read-only'] === true,
    copyLimit: values['copy-limit'] === true,
    json: values.json === true,
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string', multiple: true } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        bucket: text,
        endpoint: text,
        client: text,
        'read-only': flag,
        'copy-limit': flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError([argumentProblem(error as Error)])
  }
}
