import type { Body, Clock, Credentials, HeaderMap, Platform, Sleep, TimeLimit, Transport } from '../ports.ts'
import type { Endpoint } from './regions.ts'

/** One request to OSS. */
export type OssCall = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  bucket?: string | undefined
  key?: string | undefined
  /** Decoded; a null value sends the bare name (a sub-resource), undefined nothing. */
  query?: Record<string, string | null | undefined> | undefined
  headers?: HeaderMap
  body?: Body | Uint8Array | undefined
  /** Overrides what is known of the bucket. */
  region?: string | undefined
  signal?: AbortSignal | undefined
  /** How long OSS may take to begin its response, where that is longer than for other calls. */
  answerTimeout?: TimeLimit | undefined
}

/** What the client works with. */
export type OssClientPorts = {
  transport: Transport
  clock: Clock
  endpoint: Endpoint
  /** Its name in the settings, for observers; absent: it is that of the environment. */
  upstream?: string | undefined
  /** Absent: requests are not signed, and OSS decides what anybody may. */
  credentials: Credentials | undefined
  /** What attempts are repeated with; absent: every call is made once. */
  sleep?: Sleep
  random?: () => number
  platform?: Platform
}
