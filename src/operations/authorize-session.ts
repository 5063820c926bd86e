import type { Client, Session } from '../config/index.ts'
import { type HeaderMap, headerMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { type RequestFacts, UnknownPeer } from '../translate/session-conditions.ts'
import { allows } from '../translate/session-policy.ts'
import { requiredActions, type Target } from './session-actions.ts'

/**
 * Checks that the policy of a session, where the client has one, allows an operation.
 * @param operation S3's name, or that of one that it is part of.
 * @throws S3Error AccessDenied.
 */
export function authorizeSession(
  client: Client,
  operation: { name: string; isRefused?: boolean },
  target: Target,
): void {
  if (client.session?.policy === undefined || operation.isRefused) return
  const actions = requiredActions(operation.name, target)
  if (actions === undefined) throw new S3Error('AccessDenied')
  for (const action of actions) requireAction(client, action, target)
}

/**
 * Checks that the policy of a session, where the client has one, allows an action.
 * @param action as `s3:GetObject`.
 * @throws S3Error AccessDenied.
 */
export function requireAction({ session }: Client, action: string, target: Target): void {
  if (session?.policy === undefined) return
  try {
    if (isAllowed(session, action, target)) return
  } catch (cause) {
    if (!(cause instanceof UnknownPeer)) throw cause
    throw new S3Error('AccessDenied', {
      message: "Access Denied: the session's policy is about who asks, which is not known here",
    })
  }
  throw new S3Error('AccessDenied', {
    message: `Access Denied: the session's policy does not allow ${action} on arn:aws:s3:::${pathOf(target)}`,
  })
}

/** What an answer tells only to who may ask for it by itself, as in S3. */
const told = {
  'x-amz-tagging-count': 's3:GetObjectTagging',
  'x-amz-object-lock-mode': 's3:GetObjectRetention',
  'x-amz-object-lock-retain-until-date': 's3:GetObjectRetention',
  'x-amz-object-lock-legal-hold': 's3:GetObjectLegalHold',
}

/** The headers of a reply without those that the policy of a session, where the client has one, keeps from it. */
export function hideFromSession({ session }: Client, target: Target, headers: HeaderMap): HeaderMap {
  if (session?.policy === undefined) return headers
  const isVersion = target.query?.has('versionId')
  const shown = Object.entries(headers).filter(([name]) => {
    const action = Object.hasOwn(told, name) ? told[name as keyof typeof told] : undefined
    const asked = isVersion ? action?.replace('ObjectTagging', 'ObjectVersionTagging') : action
    return asked === undefined || isAllowed(session, asked, target)
  })
  return headerMap(Object.fromEntries(shown))
}

const isAllowed = ({ policy = [], peer }: Session, action: string, target: Target) =>
  allows(policy, action, pathOf(target), factsOf(target, peer))

const pathOf = ({ bucket, key }: Target) =>
  bucket === undefined ? '*' : key === undefined ? bucket : `${bucket}/${key}`

function factsOf({ query, headers }: Target, peerOf: Session['peer']): RequestFacts {
  const peer = peerOf?.()
  return {
    prefix: query?.get('prefix'),
    delimiter: query?.get('delimiter'),
    acl: headers?.['x-amz-acl'],
    peer: peer && { address: peer.address, isEncrypted: peer.tls !== undefined },
  }
}
