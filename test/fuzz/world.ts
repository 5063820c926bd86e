import fc from 'fast-check'
import { expect } from 'vitest'
import { createGateway } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss } from '../../src/local-oss/index.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { withTextHeaders } from '../../src/node/upstream.ts'
import { headerMap, type OssRequest, type Reply, type Transport } from '../../src/ports.ts'
import { parseLenientXml, text } from '../../src/xml/index.ts'
import { credentialsOf } from '../credentials-of.ts'
import type { WireRequest } from '../gateway/wire.ts'

/** Cases of each property. */
export const RUNS = Number(process.env.FUZZ_RUNS ?? 10_000)
export const HOST = 's3.example.com'
/** No case may take longer, in milliseconds. */
const CASE_LIMIT = 60_000

/** How often a property is tried, and from which seed. */
export const runs = (of = RUNS): fc.Parameters<unknown> => ({
  numRuns: of,
  ...(process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }),
})

/** A request to OSS, and whether OSS did it. */
export type Call = OssRequest & { done: boolean; bytes: Buffer }

export type Outcome = {
  status: number
  headers: Record<string, string>
  body: Buffer
  code: string
  calls: readonly Call[]
  /** The calls that changed something. */
  writes: readonly Call[]
}

export type Asked = Omit<WireRequest, 'lines' | 'cutAfter'> & { pieces?: readonly Uint8Array[] }

const clients = [
  { accessKeyId: 'team', secretAccessKey: 'team-secret', buckets: ['bucket'], prefixes: ['up/'] },
  { accessKeyId: 'reader', secretAccessKey: 'reader-secret', readOnly: true },
]

/** A gateway without a socket in front of an OSS in memory, and everything it asked of it. */
export async function openWorld() {
  const config = parseConfig({ LOCAL_OSS_DIR: ':memory:', S3_DOMAIN: HOST }, JSON.stringify({ clients }))
  const localOss = await createLocalOss({
    directory: ':memory:',
    credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
  })
  const oss = withTextHeaders(localOss.transport as Transport)
  let calls: Call[] = []
  const transport: Transport = async (request) => {
    const pieces: Uint8Array[] = []
    const call: Call = { ...request, done: false, bytes: Buffer.alloc(0) }
    calls.push(call)
    const { body } = request
    const answer = await oss({
      ...request,
      ...(body === undefined || body instanceof Uint8Array ? {} : { body: kept(body, pieces) }),
    })
    call.done = answer.status < 300
    call.bytes = body instanceof Uint8Array ? Buffer.from(body) : Buffer.concat(pieces)
    return answer
  }
  const failures: unknown[] = []
  const tally = new Map<string, number>()
  const gateway = createGateway({
    ...nodePorts,
    config,
    credentials: credentialsOf(config),
    transport,
    log: (event, facts) => void failures.push([event, facts]),
  })

  /** Asks the gateway, and holds its answer to what every answer must be. */
  async function ask({ method, target, headers = {}, body = '', pieces }: Asked): Promise<Outcome> {
    calls = []
    failures.length = 0
    const bytes = pieces ?? [Buffer.from(body as string)]
    const reply = await within(
      gateway.answer({
        method,
        target,
        headers: headerMap(headers),
        body: given(bytes),
        signal: () => AbortSignal.timeout(60_000),
      }),
    )
    const content = await within(read(reply.body))
    const outcome: Outcome = {
      status: reply.status,
      headers: reply.headers,
      body: content,
      code: '',
      calls,
      writes: calls.filter((call) => call.done && call.method !== 'GET' && call.method !== 'HEAD'),
    }
    // 503 is what an unexpected failure towards OSS becomes.
    if (reply.status === 500 || reply.status === 503) {
      throw new Error(`${reply.status}: ${content} ${JSON.stringify(failures)}`)
    }
    for (const call of calls) expect(call.url).toMatch(expectedUrl)
    for (const [name, value] of Object.entries(reply.headers)) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\r\n\0]/.test(value))
        throw new Error(`the header ${name}: ${value}`)
    }
    if (reply.status >= 400 && method !== 'HEAD') {
      outcome.code = text(parseLenientXml(content.toString(), 'Error'), 'Code') ?? ''
      expect(outcome.code).toMatch(/^[A-Za-z0-9]+$/)
    }
    const answer = outcome.code || String(reply.status)
    tally.set(answer, (tally.get(answer) ?? 0) + 1)
    return outcome
  }

  async function close(): Promise<void> {
    const answers = [...tally].sort(([, a], [, b]) => b - a).map(([what, times]) => `${times} ${what}`)
    console.log(`answered ${answers.join(', ')}`)
    await localOss.close()
  }

  return { ask, close }
}

export type FuzzWorld = Awaited<ReturnType<typeof openWorld>>

/** The only hosts there are: a valid bucket name, or none, before OSS's own. */
const expectedUrl =
  /^https:\/\/([a-z0-9][a-z0-9-]{1,61}[a-z0-9]\.)?oss-cn-[a-z]+\.aliyuncs\.com\/[\x21-\x7e]*$/

async function* given(pieces: readonly Uint8Array[]) {
  yield* pieces
}

async function* kept(body: AsyncIterable<Uint8Array>, pieces: Uint8Array[]) {
  for await (const piece of body) {
    pieces.push(piece)
    yield piece
  }
}

async function read(body: Reply['body']): Promise<Buffer> {
  if (body === undefined || typeof body === 'string') return Buffer.from(body ?? '')
  if (body instanceof Uint8Array) return Buffer.from(body)
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${CASE_LIMIT} ms`)), CASE_LIMIT)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** The text with a few of its places changed: something cut out, put in, doubled or exchanged. */
export function mutated(texts: readonly string[], pieces: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(2000),
    cut: fc.nat(8),
    put: fc.oneof(fc.constant(''), fc.constantFrom(...pieces), fc.string({ unit: 'grapheme', maxLength: 4 })),
  })
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 3, size: 'xsmall' }))
    .map(([text, changes]) =>
      changes.reduce((text, { at, cut, put }) => {
        const from = at % (text.length + 1)
        return text.slice(0, from) + put + text.slice(from + cut)
      }, text),
    )
    .map(wellFormed)
}

/** Half a surrogate pair never comes off a wire. */
const wellFormed = (text: string) => Buffer.from(text).toString()

/** What may stand in a header as the runtimes hand it over. */
export const headerSafe = (value: string) =>
  wellFormed(value)
    .replace(/[^\t -~\u0080-\u{10ffff}]/gu, '')
    .replace(/^[ \t]+|[ \t]+$/g, '')
