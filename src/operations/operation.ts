import type { BucketMapping, Client, Config } from '../config/index.ts'
import type { RequestRecord } from '../observe/record.ts'
import type { OssClient } from '../oss/client.ts'
import { type HeaderMap, headerMap, type Reply, type RuntimePorts } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import type { S3Request } from '../s3/request.ts'
import { renderXml, type XmlTree } from '../xml/index.ts'
import type { Readings } from './readings.ts'
import type { KeyQueue } from './writes/key-queue.ts'

/** What an operation works with besides the request. */
export type Context = RuntimePorts & {
  config: Config
  oss: OssClient
  /** Which upstream `oss` is; absent: that of the environment. */
  upstream: string | undefined
  /** The same request's OSS at another upstream. */
  at: (upstream: string | undefined) => Pick<Context, 'oss' | 'upstream' | 'at'>
  /** The writes under way in this process; absent where requests cannot wait for each other. */
  writes: KeyQueue | undefined
  /** What is read now before it is verified. */
  readings: Readings
  client: Client
  /**
   * To be called by an operation that verifies its request itself (POST Object), once the client is known and before
   * OSS is called. Counts the request against the concurrency limit. @throws S3Error SlowDown above it.
   */
  onVerified: (client: Client) => Promise<void> | undefined
  /**
   * The context for the same request when nobody has signed it: its `oss` signs nothing. Absent where the settings refuse
   * such requests.
   */
  anonymously?: (() => Context) | undefined
  /** The error document of a failure after the response has begun, for its body. */
  renderErrorDocument: (error: unknown) => string
  /** Absent where nobody is told of requests. */
  record: RequestRecord | undefined
}

/** A verified request, its body as plain bytes. Its bucket and key are OSS's. */
export type Request = Omit<S3Request, 'body'> & {
  body: PlainBody | undefined
  /** By which they are what the client has named; absent: it has named them so itself. */
  mapped?: BucketMapping | undefined
}
export type BucketRequest = Request & { bucket: string }
export type ObjectRequest = BucketRequest & { key: string }

type Level = {
  service: Request
  bucket: BucketRequest
  object: ObjectRequest
}

/** An operation of S3. Among the rows that fit a request, the one with the most conditions is taken. */
type OperationOn<On extends keyof Level> = {
  name: string
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'
  on: On
  /** Query parameters that must be present. */
  query?: readonly string[]
  /** Headers that must be present. */
  headers?: readonly string[]
  /**
   * What a limited client must be allowed; `list` is a read of the keys under the prefix asked for, `keys` a write
   * of keys that the body names and the handler authorises one by one.
   */
  access: 'read' | 'write' | 'list' | 'keys'
  /** How a request is authenticated; absent: by its signature. `form`: the handler verifies the form's policy; `none`: not at all. */
  auth?: 'form' | 'none'
  /** Whether it may be forwarded to OSS when nobody has signed it (the setting `anonymous`). */
  anonymous?: boolean
  /** Whether it is one that every request is refused for, by its name (refused.ts). */
  isRefused?: boolean
  /** How the body is taken; `none`: a body is an error; `document`: it is read whole, and may not be long. */
  body: 'none' | 'document' | 'stream'
  /** What the checksum headers are about; `object`: not the body but what the parts make. */
  checksumOf?: 'body' | 'object'
  handle: (request: Level[On], context: Context) => Promise<Reply>
}

/** A row of the table of operations (served.ts). */
export type Operation = OperationOn<'service'> | OperationOn<'bucket'> | OperationOn<'object'>

/** The namespace of S3's documents. */
export const XMLNS = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A 200 with a result document. */
export function xmlReply(root: string, content: XmlTree | string, headers?: HeaderMap): Reply {
  const sent = headerMap(headers)
  sent['content-type'] = 'application/xml'
  return { status: 200, headers: sent, body: renderXml(root, content, XMLNS) }
}
