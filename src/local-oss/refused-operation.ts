import { OssError } from './errors.ts'
import type { Operation } from './operation.ts'
import type { Target } from './routing.ts'
import { UNSUPPORTED_SUBRESOURCES } from './subresources.ts'

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
    if (UNSUPPORTED_SUBRESOURCES.some((name) => query.has(name))) throw new OssError('OperationNotSupported')
    throw new OssError('MethodNotAllowed', {
      elements: { Method: method, ResourceType: key ? 'Object' : 'Bucket' },
    })
  }
  return bucket === ''
    ? { ...row, on: 'service', handle: refuse }
    : { ...row, on: key === '' ? 'bucket' : 'object', handle: refuse }
}
