import { renderXml } from '../../xml/index.ts'
import { readText } from '../body.ts'
import { accountOf, type Call } from '../call.ts'
import type { Reply } from '../http.ts'
import type { Operation } from '../operation.ts'
import { accountKey } from '../store/keys.ts'
import type { AccountRecord } from '../store/records.ts'
import { Transaction } from '../store/transaction.ts'
import { parseSettled, truthOf } from './config-document.ts'

const ROOT = 'PublicAccessBlockConfiguration'

const row = (name: string, method: string, handle: (call: Call) => Promise<Reply>): Operation => ({
  name,
  method,
  on: 'service',
  query: ['publicAccessBlock'],
  handle,
})

/** Blocks public access to all buckets of an account, whatever they say themselves. */
export const accountPublicAccess: readonly Operation[] = [
  row('GetPublicAccessBlock', 'GET', async (call) => {
    const { publicAccessBlocked = false } = recordOf(call)
    return { body: renderXml(ROOT, { BlockPublicAccess: publicAccessBlocked }) }
  }),
  row('PutPublicAccessBlock', 'PUT', async (call) => {
    const isBlocked = truthOf(parseSettled(await readText(call), ROOT), 'BlockPublicAccess')
    return block(call, isBlocked)
  }),
  row('DeletePublicAccessBlock', 'DELETE', async (call) => ({ ...(await block(call, false)), status: 204 })),
]

const recordOf = (call: Call) => call.state.store.get<AccountRecord>(accountKey(accountOf(call))) ?? {}

async function block(call: Call, isBlocked: boolean): Promise<Reply> {
  const transaction = new Transaction()
  const key = accountKey(accountOf(call))
  if (isBlocked) transaction.put(key, { publicAccessBlocked: true } satisfies AccountRecord)
  else transaction.delete(key)
  await call.state.store.commit(transaction)
  return {}
}
