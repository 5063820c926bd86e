import { UNKNOWN_ACTION } from '../observe/aws-operation.ts'
import { type RequestRecord, secretNumber } from '../observe/record.ts'
import { performSts, refuseSts, type StsPorts } from '../operations/sts/query-protocol.ts'
import type { Log, Reply } from '../ports.ts'
import type { S3Request } from '../s3/request.ts'
import { logFacts } from './errors.ts'
import { recordClient } from './record.ts'

/** What accompanies a request to STS. */
type Ports = Omit<StsPorts, 'onAction' | 'onClient' | 'onIssued'> & {
  log: Log
  requestId: string
  record: RequestRecord | undefined
}

/** Answers a request to the gateway's own STS; never rejects. What is recorded of it has no token, secret or policy. */
export async function answerSts(request: S3Request, ports: Ports): Promise<Reply> {
  const { log, requestId, record } = ports
  if (record !== undefined) record.operation = UNKNOWN_ACTION
  const recorded: Pick<StsPorts, 'onAction' | 'onClient' | 'onIssued'> = {
    onAction:
      record &&
      ((action) => {
        record.operation = action
      }),
    onClient: (client, secret) => {
      if (record === undefined) return
      recordClient(record, client)
      const number = secretNumber(client.secretAccessKeys, secret)
      record.signature = { version: 'SigV4', type: 'AuthHeader', secret: number }
    },
    onIssued: (session) => {
      if (record !== undefined) record.issued = session
    },
  }
  try {
    return await performSts(request, { ...ports, ...recorded }, requestId)
  } catch (cause) {
    const { reply, error } = refuseSts(cause, requestId)
    if (record !== undefined) record.errorCode = error.code
    if (error.status >= 500) log('request failed', { requestId, ...logFacts(cause) })
    return reply
  }
}
