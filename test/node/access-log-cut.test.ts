import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postForm, signFields } from '../gateway/form.ts'
import { postSts } from '../gateway/sts-wire.ts'
import { secrets } from '../gateway/sts-world.ts'
import { sign, type WireRequest } from '../gateway/wire.ts'
import { startWorld, type World } from '../harness.ts'
import { Connection } from '../limits/connection.ts'

type Entry = Record<string, unknown>

let directory: string
let to: string
let world: World
let host: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'access-log-'))
  to = join(directory, 'access.log')
  const settings = { accessLog: { to }, sts: { secrets: [secrets[0]] }, timeouts: { client: { idle: 0.5 } } }
  world = await startWorld('node', { GATEWAY_CONFIG: JSON.stringify(settings) })
  host = new URL(world.endpoint).host
  await world.oss().putBucket('bucket')
  await world.oss('bucket').put('key', Buffer.from('hello'))
})
afterAll(() => rm(directory, { recursive: true }))

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const ACTION = 'Action=AssumeRole&Version=2011-06-15'
const put = { method: 'PUT', target: '/bucket/cut', body: 'x'.repeat(1000) }

const requests: [what: string, s3Operation: string, operation: string, request: () => WireRequest][] = [
  ['an upload', 'PutObject', 'REST.PUT.OBJECT', () => sign(put, host)],
  [
    'a part',
    'UploadPart',
    'REST.PUT.PART',
    () => sign({ ...put, target: '/bucket/cut?partNumber=1&uploadId=none' }, host),
  ],
  [
    'a document',
    'DeleteObjects',
    'REST.POST.MULTI_OBJECT_DELETE',
    () => sign({ ...put, method: 'POST', target: '/bucket?delete' }, host),
  ],
  [
    'a form',
    'PostObject',
    'REST.POST.BUCKET',
    () => postForm(signFields({ key: 'cut' }, 'bucket'), 'x'.repeat(1000)),
  ],
  ['a request to STS', 'UnknownAction', 'STS.UNKNOWNACTION', () => postSts(ACTION, host)],
  [
    'a request to STS that nobody has signed',
    'UnknownAction',
    'STS.UNKNOWNACTION',
    () => ({ method: 'POST', target: '/', headers: FORM, body: ACTION }),
  ],
]

/** What a client does that has sent half of a body, and what it is told. */
const ends: [what: string, end: (connection: Connection) => void, code: string, isTold: boolean][] = [
  ['closes its side', ({ socket }) => void socket.end(), 'IncompleteBody', true],
  ['is gone', ({ socket }) => void socket.destroy(), 'IncompleteBody', false],
  ['sends no more', () => {}, 'RequestTimeout', true],
]

const rows = requests.flatMap(([what, s3Operation, operation, request]) =>
  ends.map(([how, end, code, isTold]) => ({
    what: `${what}, which ${how}`,
    s3Operation,
    operation,
    request,
    end,
    code,
    isTold,
  })),
)

/** Sends half of a request's body once it is read. */
async function sendHalf(request: WireRequest, agent: string): Promise<Connection> {
  const { method, target, headers = {}, body = '' } = request
  const connection = new Connection(world.endpoint)
  const length = String(body.length)
  const all = { host, 'user-agent': agent, expect: '100-continue', 'content-length': length, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  connection.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
  await once(connection.socket, 'data')
  await new Promise<void>((resolve) => {
    connection.socket.write(body.slice(0, body.length / 2), () => resolve())
  })
  return connection
}

test('a request that is cut off within its body has one line, which says what it was and what it was told', async () => {
  const answers = await Promise.all(
    rows.map(async ({ what, request, end, isTold }) => {
      const asked = request()
      const connection = await sendHalf(asked, what)
      end(connection)
      return isTold ? connection.answer(asked.method) : undefined
    }),
  )
  await world.stop()
  const entries = (await readFile(to, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line): Entry => JSON.parse(line))
  for (const [i, { what, s3Operation, operation, code, isTold }] of rows.entries()) {
    const answer = answers[i]
    const id = answer?.headers['x-amz-request-id']
    expect([what, entries.filter(({ user_agent }) => user_agent === what)]).toEqual([
      what,
      [
        expect.objectContaining({
          s3_operation: s3Operation,
          operation,
          http_status: 400,
          error_code: code,
          ...(isTold ? { request_id: id } : {}),
        }),
      ],
    ])
    if (isTold) expect(answer).toMatchObject({ status: 400, error: { Code: code } })
  }
})
