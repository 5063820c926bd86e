import type { Env, Context as HonoContext } from 'hono'
import type { Config } from './config/index.ts'
import type { Observer } from './observe/record.ts'
import type { Ongoing } from './ongoing.ts'
import type { OssClient } from './oss/client.ts'
import type { Credentials, Incoming, Log, Reply, RuntimePorts, Transport } from './ports.ts'
import type { S3Error } from './s3/error.ts'

/** What a gateway is made of. */
export type Ports = RuntimePorts & {
  config: Config
  transport: Transport
  /** Of `config.credentials`. */
  credentials: Credentials
  /** Of `config.upstreams`, by name; absent where there are none. */
  upstreams?: ReadonlyMap<string, Credentials> | undefined
  /** Absent: a gateway's own. */
  ongoing?: Ongoing
  /** A fresh, unguessable id for each request: sixteen or so letters and digits. */
  newId: () => string
  /** Absent: nobody is told of requests. */
  observer?: Observer | undefined
}

export type Gateway = {
  /** Answers one request; never rejects. */
  answer(incoming: Incoming): Promise<Reply>
  /**
   * The reply to a request that the runtime refuses, before `answer` or while that works on it: malformed, too slow, or cut off.
   * @param incoming what is known of it.
   */
  refuse(error: S3Error, incoming: RefusedRequest): Reply
  /** The reply instead of one that cannot be sent. */
  replyInstead(error: S3Error, method: string): Reply
  oss: OssClient
  /** The clients of the other upstreams, by name. */
  upstreams: ReadonlyMap<string, OssClient>
  load(): Load
}

/** Signed requests that are worked on, and that wait for their turn. */
export type Load = { inFlight: number; waiting: number }

/** What is known of a request that is refused before it is read. */
export type RefusedRequest = Pick<
  Incoming,
  'method' | 'target' | 'headers' | 'peer' | 'traffic' | 'onAnswered' | 'requestId' | 'refusal'
>

/** The part of a gateway that a runtime's server needs. */
export type Responder = Pick<Gateway, 'answer' | 'refuse' | 'replyInstead'>

/** How a runtime reads a request off Hono's context and answers it with what the gateway replies. */
export type Serve<E extends Env> = (
  c: HonoContext<E>,
  gateway: Responder,
  log: Log,
) => Response | Promise<Response>

/** What a runtime hands in for an app. `nodePorts` and `workerPorts` hold all of it but `config`, `transport`, `credentials` and, on Node, `log`. */
export type AppPorts<E extends Env> = Ports & { serve: Serve<E> }
