import { invalidArgument, S3Error } from '../s3/error.ts'
import type { Operation } from './operation.ts'
import { insteadOf, refused } from './refused.ts'
import { noOperationError, selectorOf } from './selectors.ts'
import { served } from './served.ts'

const COPY_SOURCE = 'x-amz-copy-source'

const rows: readonly Operation[] = [
  ...served,
  ...refused.map(
    ([name, method, on, ...query]): Operation => ({
      name,
      method: method as Operation['method'],
      on,
      query,
      access: 'read',
      isRefused: true,
      // A read has no length to ask for.
      body: method === 'GET' || method === 'DELETE' ? 'none' : 'stream',
      handle: async () => {
        throw new S3Error('NotImplemented', {
          message: `The operation ${name} is not implemented by this gateway${name in insteadOf ? `: ${insteadOf[name]}` : ''}`,
        })
      },
    }),
  ),
]

/** A row with its conditions besides the selector taken apart: a parameter's name, or `name=value`. */
type Row = {
  operation: Operation
  query: [name: string, value: string | undefined][]
  headers: readonly string[]
}

const conditionCount = ({ query = [], headers = [] }: Operation) => query.length + headers.length
const addressOf = (method: string, on: Operation['on'], selector = '') => `${method} ${on} ${selector}`

/** By method, level and selector; within one, the row with the most conditions first: the first that fits wins. */
const byAddress = new Map<string, Row[]>()
for (const operation of [...rows].sort((a, b) => conditionCount(b) - conditionCount(a))) {
  const { method, on, query: names = [], headers = [] } = operation
  const query = names.map((condition): Row['query'][number] => {
    const [name = '', value] = condition.split('=')
    return [name, value]
  })
  const address = addressOf(method, on, selectorOf(method, on, new Map(names.map((name) => [name, '']))))
  byAddress.set(address, [...(byAddress.get(address) ?? []), { operation, query, headers }])
}

type Asked = {
  method: string
  bucket: string | undefined
  key: string | undefined
  query: ReadonlyMap<string, string>
  headers: Readonly<Record<string, string>>
}

/**
 * The row that answers a request: of those that take its selector, the one that fits with the most conditions.
 * @throws S3Error as {@link selectorOf} and {@link noOperationError} say; InvalidArgument for a copy source on anything but
 * a copy.
 */
export function findOperation({ method, bucket, key, query, headers }: Asked): Operation {
  const on = key !== undefined ? 'object' : bucket !== undefined ? 'bucket' : 'service'
  const selector = selectorOf(method, on, query)
  const operation = byAddress
    .get(addressOf(method, on, selector))
    ?.find(
      (row) =>
        row.query.every(([name, value]) =>
          value === undefined ? query.has(name) : query.get(name) === value,
        ) && row.headers.every((name) => name in headers),
    )?.operation
  if (operation === undefined) throw noOperationError(method, on, selector, methodsOf(on, selector))
  if (COPY_SOURCE in headers && !operation.headers?.includes(COPY_SOURCE)) {
    throw invalidArgument(
      'You can only specify a copy source header for copy requests.',
      COPY_SOURCE,
      headers[COPY_SOURCE],
    )
  }
  return operation
}

/** The methods that are served at a level with a selector. */
const methodsOf = (on: Operation['on'], selector: string | undefined) =>
  ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].filter((method) =>
    byAddress.get(addressOf(method, on, selector))?.some(({ operation }) => served.includes(operation)),
  )
