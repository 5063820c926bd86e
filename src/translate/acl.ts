import type { HeaderMap } from '../ports.ts'
import { invalidArgument, notImplemented, S3Error } from '../s3/error.ts'
import { type XmlNode, type XmlTree, XSI_TYPE } from '../xml/index.ts'
import {
  checkElements,
  child,
  childElements,
  childText,
  requiredText,
  requiredWord,
  unsupportedElement,
} from './elements.ts'

/** OSS's ACLs of objects and buckets: it has these three, and no grants. */
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

/** The canned ACLs that mean nobody else. */
const ownersAlone = Object.keys(canned).filter((name) => canned[name] === 'private')

const OWNER_KEEPS = 'in OSS the owner keeps FULL_CONTROL'
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const GROUPS = [
  ALL_USERS,
  'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  'http://acs.amazonaws.com/groups/s3/LogDelivery',
]
/** S3's permissions by the headers that grant them. */
const permissions = {
  'x-amz-grant-full-control': 'FULL_CONTROL',
  'x-amz-grant-read': 'READ',
  'x-amz-grant-read-acp': 'READ_ACP',
  'x-amz-grant-write': 'WRITE',
  'x-amz-grant-write-acp': 'WRITE_ACP',
} as const
type Permission = (typeof permissions)[keyof typeof permissions]
const grantHeaders = Object.keys(permissions) as (keyof typeof permissions)[]

/** One grant, and what in the request it is, for errors. */
type Grant = { permission: Permission; kind: string; value: string; where: string }

/**
 * Whose objects are, as S3 says it: with `ObjectWriter` ACLs count; with `BucketOwnerEnforced`, S3's default, they are off.
 * With all clients one owner, `BucketOwnerPreferred` means what `ObjectWriter` does.
 */
export type Ownership = 'ObjectWriter' | 'BucketOwnerEnforced'

/** S3's error for an ACL where ACLs are off. */
export const aclNotSupported = () => new S3Error('AccessControlListNotSupported')

/** Whether a request says by its headers what ACL it asks for. */
export const namesAcl = (headers: HeaderMap) =>
  ['x-amz-acl', ...grantHeaders].some((name) => headers[name] !== undefined)

/** Whether a request asks by its headers for an ACL that may give others than the owner access, as far as they are read here. */
export const asksForOthers = (headers: HeaderMap) =>
  grantHeaders.some((name) => headers[name] !== undefined) ||
  (headers['x-amz-acl'] !== undefined && !ownersAlone.includes(headers['x-amz-acl']))

/** Whether the grants name an account, so that the bucket owner's id is needed to judge them. */
export const grantsNameAnAccount = (headers: HeaderMap) =>
  grantHeaders.some((name) => headers[name] !== undefined && /\bid\s*=/.test(headers[name]))

/**
 * The ACL a request asks for, or undefined when it asks for none.
 * @param ownerId the OSS owner's id, where {@link grantsNameAnAccount}: FULL_CONTROL for it is `private`.
 * @throws S3Error NotImplemented for what no canned ACL of OSS says; InvalidArgument; InvalidRequest;
 * AccessControlListNotSupported for all but the bucket owner's full control where ACLs are off.
 */
export function requestedAcl(headers: HeaderMap, ownership: Ownership, ownerId?: string): OssAcl | undefined {
  const acl = headers['x-amz-acl']
  const named = grantHeaders.filter((name) => headers[name] !== undefined)
  if (acl !== undefined && named.length > 0) {
    throw new S3Error('InvalidRequest', {
      message: 'Specifying both Canned ACLs and Header Grants is not allowed',
    })
  }
  const areOff = ownership === 'BucketOwnerEnforced'
  if (acl !== undefined) return cannedAcl(acl, areOff)
  if (named.length === 0) return undefined
  const grants = named.flatMap((header) =>
    (headers[header] ?? '').split(',').map((grantee) => parseGrantee(grantee, header)),
  )
  const isOwners = (grant: Grant) => isOf(ownerId, grant) && grant.permission === 'FULL_CONTROL'
  if (areOff && !grants.every(isOwners)) throw aclNotSupported()
  return grantedAcl(grants, ownerId)
}

function cannedAcl(acl: string, areOff: boolean): OssAcl {
  const mapped = Object.hasOwn(canned, acl) ? canned[acl] : undefined
  if (mapped === undefined) throw invalidArgument('Invalid canned ACL', 'x-amz-acl', acl)
  if (areOff && acl !== 'bucket-owner-full-control') throw aclNotSupported()
  if (mapped === 'refused') throw notImplemented('x-amz-acl', `OSS has nothing like the canned ACL ${acl}`)
  return mapped
}

const isOf = (ownerId: string | undefined, { kind, value }: Grant) => kind === 'id' && value === ownerId

/** What everyone is granted; the owner has all rights in OSS, and grants may say no less. */
function grantedAcl(grants: readonly Grant[], ownerId: string | undefined): OssAcl {
  const everyone = new Map<Permission, Grant>()
  const owners = new Map<Permission, Grant>()
  for (const grant of grants) {
    if (grant.kind === 'uri' && grant.value === ALL_USERS) everyone.set(grant.permission, grant)
    else if (isOf(ownerId, grant)) owners.set(grant.permission, grant)
    else
      throw notImplemented(grant.where, 'OSS has canned ACLs only: private, public-read, public-read-write')
  }
  const [some] = owners.values()
  // The four rights are all there are.
  if (some !== undefined && !owners.has('FULL_CONTROL') && owners.size < 4) {
    throw notImplemented(some.where, OWNER_KEEPS)
  }
  const key = [...everyone.keys()].sort().join('+')
  if (key === '') return 'private'
  if (key === 'READ') return 'public-read'
  if (key === 'READ+WRITE') return 'public-read-write'
  const odd = [...everyone.values()].find(({ permission }) => permission !== 'READ')
  throw notImplemented(odd?.where ?? '', 'OSS has no such grant to everyone')
}

function parseGrantee(text: string, header: keyof typeof permissions): Grant {
  // In two steps: blanks that may stand before, in and after the value are tried in every combination.
  const [, kind, quoted = ''] = /^\s*(id|uri|emailAddress)\s*=(.*)$/s.exec(text) ?? []
  const value = quoted.trim().replace(/^"|"$/g, '')
  if (kind === undefined || value.includes('"')) {
    throw invalidArgument('Argument format not recognized', header, text)
  }
  if (kind === 'uri' && !GROUPS.includes(value)) throw invalidArgument('Invalid group uri', 'uri', value)
  return { permission: permissions[header], kind, value, where: header }
}

const malformedAcl = () => new S3Error('MalformedACLError')
const POLICY = 'AccessControlPolicy'
const GRANT = `${POLICY}/AccessControlList/Grant`
const MAX_GRANTS = 100

/**
 * The ACL that an `AccessControlPolicy` document says.
 * @throws S3Error MalformedXML, MalformedACLError, InvalidArgument; NotImplemented for what no canned ACL of OSS says.
 */
export function documentedAcl(document: XmlNode, ownerId: string): OssAcl {
  checkElements(document, POLICY, ['Owner', 'AccessControlList'])
  const [owner, list] = [child(document, 'Owner'), child(document, 'AccessControlList')]
  if (owner === undefined || list === undefined) throw malformedAcl()
  checkElements(owner, `${POLICY}/Owner`, ['ID', 'DisplayName'])
  const id = childText(owner, 'ID')
  if (id === undefined) throw malformedAcl()
  if (id !== ownerId) throw invalidArgument('Invalid id', 'CanonicalUser/ID', id)
  checkElements(list, `${POLICY}/AccessControlList`, [], ['Grant'])
  const grants = childElements(list, 'Grant').map(parseGrant)
  if (grants.length > MAX_GRANTS) throw malformedAcl()
  const acl = grantedAcl(grants, ownerId)
  // S3's owner may give up its own rights, and takes a document without them as that.
  if (!grants.some(({ kind }) => kind === 'id')) {
    throw unsupportedElement(`${POLICY}/AccessControlList`, OWNER_KEEPS)
  }
  return acl
}

function parseGrant(grant: XmlNode): Grant {
  checkElements(grant, GRANT, ['Grantee', 'Permission'])
  const permission = requiredWord(grant, 'Permission', Object.values(permissions))
  const grantee = child(grant, 'Grantee')
  if (grantee === undefined) throw malformedAcl()
  checkElements(grantee, `${GRANT}/Grantee`, ['ID', 'DisplayName', 'URI', 'EmailAddress'])
  const [named, another] = (['ID', 'URI', 'EmailAddress'] as const).filter((name) => name in grantee)
  // Two names may be of two grantees.
  if (named === undefined || another !== undefined) throw malformedAcl()
  const [type] = grantee[XSI_TYPE] ?? []
  if (type !== undefined && type !== granteeTypes[named]) throw malformedAcl()
  const value = requiredText(grantee, named)
  if (named === 'URI' && !GROUPS.includes(value))
    throw invalidArgument('Invalid group uri', 'Group/URI', value)
  return { permission, kind: granteeKinds[named], value, where: GRANT }
}

/** What a grantee is called in documents, and in headers. */
const granteeKinds = { ID: 'id', URI: 'uri', EmailAddress: 'emailAddress' } as const

/** The `xsi:type` of a grantee who is named so. */
const granteeTypes = { ID: 'CanonicalUser', URI: 'Group', EmailAddress: 'AmazonCustomerByEmail' } as const

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** OSS's header for an ACL of an object. */
export const objectAclHeader = (acl: OssAcl): HeaderMap => ({ 'x-oss-object-acl': acl })

/** OSS's header for an ACL of a bucket. */
export const bucketAclHeader = (acl: OssAcl): HeaderMap => ({ 'x-oss-acl': acl })

/** OSS's ACL as the content of S3's `AccessControlPolicy`: all rights for the owner, and what everyone has. */
export function renderAcl(acl: string, ownerId: string): XmlTree {
  const grant = (type: string, grantee: XmlTree, Permission: Permission): XmlTree => ({
    Grantee: { '@xmlns:xsi': XSI, '@xsi:type': type, ...grantee },
    Permission,
  })
  const everyone = (permission: Permission) => grant('Group', { URI: ALL_USERS }, permission)
  return {
    Owner: { ID: ownerId },
    AccessControlList: {
      Grant: [
        grant('CanonicalUser', { ID: ownerId }, 'FULL_CONTROL'),
        ...(acl.startsWith('public-read') ? [everyone('READ')] : []),
        ...(acl === 'public-read-write' ? [everyone('WRITE')] : []),
      ],
    },
  }
}
