import { OssError } from './errors.ts'
import type { Operation } from './operation.ts'
import type { Target } from './routing.ts'
import { UNSUPPORTED_SUBRESOURCES } from './subresources.ts'

const notSwitchedOn = { message: 'The operation is not supported for this resource', ec: '0037-00000001' }

/**
 * What answers a request that no operation serves: of a service that is not switched on, as OSS answers for its data index
 * where it is off (a test of the Go SDK); otherwise there is no such method. The bucket comes first, as everywhere.
 */
export function refusedOperation({
  method,
  bucket,
  key,
  query,
}: Target & { query: ReadonlyMap<string, string> }): Operation {
  const row = { name: 'Unknown', method }
  const refuse = async () => {
    if (UNSUPPORTED_SUBRESOURCES.some((name) => query.has(name)))
      throw new OssError('OperationNotSupported', notSwitchedOn)
    throw new OssError('MethodNotAllowed', {
      elements: { Method: method, ResourceType: key ? 'Object' : 'Bucket' },
    })
  }
  return bucket === ''
    ? { ...row, on: 'service', handle: refuse }
    : { ...row, on: key === '' ? 'bucket' : 'object', handle: refuse }
}
