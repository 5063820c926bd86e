/** The Node runtime as a library: the server, and the ports for an app of one's own. */
export { type OpenCredentials, openCredentials } from './credentials.ts'
export { nodeFiles } from './files.ts'
export { nodePorts } from './ports.ts'
export { type Running, serve } from './serve.ts'
export { openUpstream, type Upstream } from './upstream.ts'
