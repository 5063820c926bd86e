import type { TestProject } from 'vitest/node'

/** The endpoint under test: any S3 by URL and keys, or a gateway of its own for each runtime. */
export type Target = {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  /** Differences from S3 that are on purpose are asserted instead of S3's behaviour. */
  isGateway: boolean
  /** Of virtual-hosted style, where it is not the endpoint's host. */
  domain?: string
}

declare module 'vitest' {
  interface ProvidedContext {
    target: Target
  }
}

export default async function setup(project: TestProject) {
  const { S3_ENDPOINT, S3_ACCESS_KEY_ID = 'local', S3_SECRET_ACCESS_KEY = 'local-secret' } = process.env
  const keys = { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY }
  if (S3_ENDPOINT !== undefined) {
    project.provide('target', {
      ...keys,
      endpoint: S3_ENDPOINT,
      isGateway: process.env.S3_IMPLEMENTATION === 's3-oss-gateway',
    })
    return undefined
  }
  const { startWorld } = await import('../harness.ts')
  const runtime = project.name === 'workerd' ? 'workerd' : 'node'
  if (runtime === 'workerd') await (await import('../build-worker.ts')).default()
  const domain = 's3.example.com'
  const world = await startWorld(runtime, { S3_DOMAIN: domain, GATEWAY_CONFIG: 'anonymous: forward' })
  project.provide('target', { ...keys, endpoint: world.endpoint, isGateway: true, domain })
  return world.stop
}
