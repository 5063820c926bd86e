/** The gateway as a library: the app, its settings, and what a runtime hands to it. */
export {
  type AppPorts,
  createApp,
  createGateway,
  type Gateway,
  type Ports,
  type Responder,
  type Serve,
} from './app.ts'
export { type Client, type Config, ConfigError, type Files, parseConfig } from './config/index.ts'
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
