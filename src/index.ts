/** The gateway as a library: the app, its settings, and what a runtime hands to it. */
import './bytes/compiled.ts'

export { createApp, createGateway } from './app.ts'
export { type Client, type Config, ConfigError, type Files } from './config/index.ts'
export { parseConfig } from './config/parse-config.ts'
export type { AppPorts, Gateway, Ports, Responder, Serve } from './gateway.ts'
export type {
  Body,
  Clock,
  Credentials,
  HeaderMap,
  Incoming,
  Log,
  OssCredentials,
  OssRequest,
  OssResponse,
  Platform,
  Reply,
  Sleep,
  TimeLimit,
  Timer,
  Transport,
} from './ports.ts'
