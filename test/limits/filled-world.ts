import { startWorld, type World } from '../harness.ts'
import { Connection } from './connection.ts'

/** An object of five bytes that is there, and one that is written. */
export const GET = { method: 'GET', target: '/bucket/key' }
export const PUT = { method: 'PUT', target: '/bucket/written' }
/** What `/bucket/large` holds: more than sockets buffer. */
export const large = Buffer.alloc(20 << 20, 'x')

/** A gateway with `/bucket/key` and `/bucket/large`. */
export async function startFilledWorld(setup: Parameters<typeof startWorld>[0]): Promise<World> {
  const world = await startWorld(setup)
  const ask = (request: Parameters<Connection['ask']>[0]) => new Connection(world.endpoint).ask(request)
  await ask({ method: 'PUT', target: '/bucket' })
  await ask({ ...GET, method: 'PUT', body: 'hello' })
  await ask({ method: 'PUT', target: '/bucket/large', body: large })
  return world
}

/** Ends what a test has left: faults, connections, the object that is written. */
export async function clearFilledWorld({ localOss, endpoint }: World): Promise<void> {
  localOss.faults.clear()
  Connection.closeAll()
  await new Connection(endpoint).ask({ method: 'DELETE', target: PUT.target })
}
