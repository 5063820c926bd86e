import type { HeaderMap } from '../ports.ts'
import { invalidArgument, notImplemented, S3Error } from '../s3/error.ts'

export type OssAcl = 'private' | 'public-read' | 'public-read-write'

// The OSS bucket owner always owns the object: bucket-owner-* adds nothing to private.
const canned: Record<string, OssAcl | 'refused'> = {
  private: 'private',
  'public-read': 'public-read',
  'public-read-write': 'public-read-write',
  'bucket-owner-full-control': 'private',
  'bucket-owner-read': 'private',
  'authenticated-read': 'refused',
  'aws-exec-read': 'refused',
  'log-delivery-write': 'refused',
}

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const grantHeaders = ['full-control', 'read', 'read-acp', 'write', 'write-acp'] as const
type Permission = (typeof grantHeaders)[number]

/** Whether the grants name an account, so that the bucket owner's id is needed to judge them. */
export const grantsNameAnAccount = (headers: HeaderMap) =>
  grantHeaders.some((name) => /\bid\s*=/.test(headers[`x-amz-grant-${name}`] ?? ''))

/**
 * The ACL a request asks for, or undefined when it asks for none.
 * @param ownerId the OSS owner's id, where {@link grantsNameAnAccount}: FULL_CONTROL for it is `private`.
 * @throws S3Error NotImplemented for what no canned ACL of OSS says; InvalidArgument; InvalidRequest.
 */
export function requestedAcl(headers: HeaderMap, ownerId?: string): OssAcl | undefined {
  const acl = headers['x-amz-acl']
  const grants = grantHeaders.filter((name) => headers[`x-amz-grant-${name}`] !== undefined)
  if (acl !== undefined && grants.length > 0) {
    throw new S3Error('InvalidRequest', {
      message: 'Specifying both Canned ACLs and Header Grants is not allowed',
    })
  }
  if (acl !== undefined) return cannedAcl(acl)
  return grants.length === 0 ? undefined : grantedAcl(headers, grants, ownerId)
}

function cannedAcl(acl: string): OssAcl {
  const mapped = Object.hasOwn(canned, acl) ? canned[acl] : undefined
  if (mapped === undefined) throw invalidArgument('Invalid canned ACL', 'x-amz-acl', acl)
  if (mapped === 'refused') throw notImplemented('x-amz-acl', `OSS has nothing like the canned ACL ${acl}`)
  return mapped
}

function grantedAcl(headers: HeaderMap, grants: readonly Permission[], ownerId: string | undefined): OssAcl {
  const everyone = new Set<Permission>()
  for (const permission of grants) {
    const header = `x-amz-grant-${permission}`
    for (const grantee of (headers[header] ?? '').split(',')) {
      const [kind, value] = parseGrantee(grantee, header)
      if (kind === 'uri' && value === ALL_USERS) everyone.add(permission)
      else if (kind === 'id' && permission === 'full-control' && value === ownerId) continue
      else
        throw notImplemented(
          header,
          'OSS objects have canned ACLs only: private, public-read, public-read-write',
        )
    }
  }
  const key = [...everyone].sort().join('+')
  if (key === '') return 'private'
  if (key === 'read') return 'public-read'
  if (key === 'read+write') return 'public-read-write'
  throw notImplemented(
    `x-amz-grant-${[...everyone].find((name) => name !== 'read') ?? 'read'}`,
    'OSS has no such grant to everyone',
  )
}

function parseGrantee(text: string, header: string): [kind: string, value: string] {
  const match = /^\s*(id|uri|emailAddress)\s*=\s*"?([^"]*)"?\s*$/.exec(text)
  if (match === null) throw invalidArgument('Argument format not recognized', header, text)
  return [match[1] ?? '', match[2] ?? '']
}
