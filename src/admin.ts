import { Hono } from 'hono'
import type { OssClient } from './oss/client.ts'
import { OssError } from './oss/error.ts'

/** Why OSS cannot be used, or undefined when it answers a signed request. */
export async function whyNotReady(oss: OssClient): Promise<string | undefined> {
  try {
    await oss.sendForXml({ method: 'GET', query: { 'max-keys': '1' } }, 'ListAllMyBucketsResult')
    return undefined
  } catch (error) {
    // A key without the right to list buckets is still a key that OSS knows.
    if (error instanceof OssError && error.code === 'AccessDenied') return undefined
    if (error instanceof OssError) return `OSS answers ${error.status} ${error.code}: ${error.message}`
    return (error as Error).message
  }
}

/**
 * Health, on a listener of its own: `/healthz` is also a legal bucket path.
 * @param stopping whether the process has begun to stop.
 */
export function createAdmin(oss: OssClient, stopping: () => boolean): Hono {
  const admin = new Hono()
  admin.get('/healthz', (c) => c.text('ok\n'))
  admin.get('/readyz', async (c) => {
    const reason = stopping() ? 'stopping' : await whyNotReady(oss)
    return reason === undefined ? c.text('ok\n') : c.text(`${reason}\n`, 503)
  })
  return admin
}
