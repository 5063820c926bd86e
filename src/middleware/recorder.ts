import { addCall, addRetry, beginRecord, type Observer, type RequestRecord } from '../observe/record.ts'
import type { CallObserver, OssCallRecord } from '../oss/call-record.ts'
import type { OssClient } from '../oss/client.ts'
import type { Clock, Incoming, Reply } from '../ports.ts'
import { recordRefusal, recordReply } from './record.ts'

/** Records requests, and tells an observer of them. Of a request without a record nothing is told. */
export type Recorder = {
  /** The record of a request that has begun; undefined where there is no observer. */
  begin(
    incoming: Pick<Incoming, 'method' | 'target' | 'headers' | 'peer'>,
    requestId: string,
  ): RequestRecord | undefined
  /** Completes a record: with the reply, or what was answered instead, and when that has been sent. */
  end(
    record: RequestRecord | undefined,
    reply: Reply,
    incoming: Pick<Incoming, 'onAnswered' | 'traffic' | 'refusal'>,
  ): void
  /** A client of OSS that adds what it does to a request's record. */
  observed(client: OssClient, record: RequestRecord | undefined): OssClient
}

/** The recorder for an observer, or for none. */
export function recorderFor(observer: Observer | undefined, clock: Clock): Recorder {
  if (observer === undefined) return { begin: () => undefined, end: () => {}, observed: (client) => client }
  return {
    begin: (incoming, requestId) => beginRecord(incoming, requestId, clock()),
    end(record, reply, { onAnswered, traffic, refusal }) {
      if (record === undefined) return
      recordReply(record, reply, clock())
      if (refusal !== undefined) recordRefusal(record, refusal)
      const end = () => {
        record.totalTime = (refusal?.answered ?? clock()) - record.time
        const bytes = traffic?.()
        record.bytesReceived = bytes?.received
        record.bytesSent = bytes?.sent
        observer.onRequest(record)
      }
      if (onAnswered === undefined) end()
      else onAnswered(end)
    },
    observed: (client, record) =>
      record === undefined ? client : client.observedBy(new RecordedCalls(observer, record)),
  }
}

/** Adds the calls that are made for a request to its record. */
class RecordedCalls implements CallObserver {
  readonly #observer: Observer
  readonly #record: RequestRecord

  constructor(observer: Observer, record: RequestRecord) {
    this.#observer = observer
    this.#record = record
  }

  onOssCall(call: OssCallRecord): void {
    addCall(this.#record.oss, call)
    this.#observer.onOssCall(call, this.#record)
  }

  onRetry(reason: string): void {
    addRetry(this.#record.oss, reason)
    this.#observer.onRetry(reason)
  }
}
