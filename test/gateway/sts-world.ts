import type { S3Client } from '@aws-sdk/client-s3'
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  STSClient,
} from '@aws-sdk/client-sts'
import { type Runtime, startWorld, type World } from '../harness.ts'

export const secrets = ['the-first-secret-of-sessions-0123456789', 'the-second-secret-of-sessions-012345678']

/** A key of the settings, or a short-lived one. */
export type Key = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }

export const main: Key = { accessKeyId: 'local', secretAccessKey: 'local-secret' }

/** The role that a client has. */
export const roleOf = (accessKeyId: string) => `arn:aws:iam::000000000000:role/${accessKeyId}`

/** A policy of one statement that allows, or of several. */
export const policyOf = (...statements: object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  })

/** Some actions on some resources, without their namespaces. */
export const allow = (actions: string, ...resources: string[]) => ({
  Action: actions.split(' ').map((action) => `s3:${action}`),
  Resource: resources.map((resource) => `arn:aws:s3:::${resource}`),
})

export type StsWorld = World & {
  sts(key?: Key, region?: string): STSClient
  /** A short-lived key of a client's. */
  assume(options?: Partial<AssumeRoleCommandInput>, key?: Key): Promise<Required<Key>>
  /** A client of S3 that signs with one. */
  as(key: Key): S3Client
}

/** A gateway that gives out short-lived keys. @param document its settings besides. */
export async function startStsWorld(runtime: Runtime, document: object = {}): Promise<StsWorld> {
  const settings = { sts: { secrets: [secrets[0]] }, ...document }
  const world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify(settings) })
  return withSts(world)
}

/** A world with clients of STS, which are not stopped with it. */
export function withSts(world: World): StsWorld {
  const sts = (credentials = main, region = 'us-east-1') =>
    new STSClient({ endpoint: world.endpoint, region, credentials, maxAttempts: 1 })
  return Object.assign(world, {
    sts,
    assume: async (options: Partial<AssumeRoleCommandInput> = {}, key = main) => {
      const { Credentials } = await sts(key).send(
        new AssumeRoleCommand({ RoleArn: roleOf(key.accessKeyId), RoleSessionName: 'a-session', ...options }),
      )
      return keyOf(Credentials)
    },
    as: (credentials: Key) => world.s3({ credentials }),
  })
}

/** The key in an answer of STS. */
export const keyOf = (credentials: Credentials | undefined): Required<Key> => ({
  accessKeyId: credentials?.AccessKeyId ?? '',
  secretAccessKey: credentials?.SecretAccessKey ?? '',
  sessionToken: credentials?.SessionToken ?? '',
})
