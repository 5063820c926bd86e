import type { S3Client } from '@aws-sdk/client-s3'
import type { Key } from './model.ts'

/** What a write asks to be kept by, by the names of the SDK's members. */
export type Lock = {
  ObjectLockMode?: 'GOVERNANCE' | 'COMPLIANCE' | undefined
  ObjectLockRetainUntilDate?: Date | undefined
  ObjectLockLegalHoldStatus?: 'ON' | undefined
}

/** What was asked for and acknowledged, by the value's id. */
export type Locked = Map<string, Lock>

/** A key whose every value names the one that it replaced. */
export type Counter = {
  key: Key
  /** By each attempt to write, what it replaces. */
  after: Map<string, string>
  acknowledged: Set<string>
  refused: Set<string>
  seen: Set<string>
}

/** A key that is created to hold something, and deleted to let it go. */
export type Claim = {
  key: Key
  holder: string | undefined
  /** Those whose creation or deletion got no answer, and who have gone on. */
  orphans: Set<string>
}

/** All that is contended for. */
export type Contended = {
  counters: readonly Counter[]
  claims: readonly Claim[]
  locked: Locked
  /** The versions of which clients were told that they are there, and not locked. */
  left: Set<string>
  /** Of each gateway; none repeats a request, so that each answer is the one to what was asked. */
  clients: S3Client[]
}
