import { expect, test } from 'vitest'
import { asS3Error, isLogged } from '../../src/middleware/errors.ts'
import { OssError, OssUnreachable } from '../../src/oss/error.ts'
import { S3Error, slowDown } from '../../src/s3/error.ts'

const incoming = { method: 'GET', target: '/bucket/key', headers: { host: 'localhost' } } as never
const ofOss = (status: number, code: string) =>
  new OssError(status, {}, `<Error><Code>${code}</Code></Error>`)

test.each<[string, unknown, boolean]>([
  ['what is beyond a limit of the gateway', slowDown(), false],
  ['what is beyond a limit of OSS', ofOss(503, 'ServiceBusy'), true],
  ['a limit of OSS that attempts have come up to', slowDown({ cause: ofOss(409, 'x') }), true],
  ['OSS that does not answer', new OssUnreachable('connect ECONNREFUSED'), true],
  ['a fault of the gateway', new TypeError('x is undefined'), true],
  ['what a client is refused', new S3Error('AccessDenied'), false],
  ['what is not there', ofOss(404, 'NoSuchKey'), false],
  ['what OSS cannot do', new S3Error('NotImplemented'), false],
])('whether the log has a line: of %s', (_, error, isTold) => {
  expect(isLogged(asS3Error(error, incoming, []))).toBe(isTold)
})
