/** The records of the store, kept as JSON; times are milliseconds since the epoch. */

/** Of a bucket. */
export type Acl = 'private' | 'public-read' | 'public-read-write'
/** Of an object; `default`: as its bucket's. */
export type ObjectAcl = Acl | 'default'
/** As OSS names them. */
export type StorageClass = 'Standard' | 'IA' | 'Archive' | 'ColdArchive' | 'DeepColdArchive'
/** Server-side encryption as OSS names it. */
export type Encryption = { algorithm: 'AES256' | 'KMS' | 'SM4'; dataEncryption?: 'SM4'; keyId?: string }
/** Object retention, in force until then. */
export type Retention = { mode: 'GOVERNANCE' | 'COMPLIANCE'; until: number }
/** Of an object or a bucket. */
export type Tag = [key: string, value: string]

/** A bucket's retention policy: objects are kept for so many days after they were last modified. */
export type BucketWorm = { id: string; days: number; created: number; locked: boolean }

/** Which keys may not be overwritten, and by which accounts; without any, by nobody. */
export type OverwriteRule = { prefix: string; suffix: string; principals: string[] }

/** What an account has set for all its buckets. */
export type AccountRecord = { publicAccessBlocked?: boolean }

/** A bucket. */
export type BucketRecord = {
  /** In all its keys in the store: a bucket that is created again does not get the objects of the deleted one. */
  id: string
  /** Its account; absent where the service had but one when it was made. */
  owner?: string
  name: string
  region: string
  created: number
  acl: Acl
  storageClass: StorageClass
  redundancy: 'LRS' | 'ZRS'
  /** Absent until versioning was first set. */
  versioning?: 'Enabled' | 'Suspended'
  encryption?: Encryption
  publicAccessBlocked?: boolean
  /** Bytes past which nothing is written. */
  strictQuota?: number
  /** The same by an older setting. */
  capacity?: number
  /** Whether every answer varies by origin. */
  corsVary?: boolean
  accessMonitor?: boolean
  /** When it began to keep account of reads; absent in records of earlier versions of this service. */
  accessMonitorSince?: number
  archiveDirectRead?: boolean
  overwriteRules?: OverwriteRule[]
  worm?: BucketWorm
  objectWorm?: { mode?: Retention['mode']; days?: number }
}

/** A run of bytes in an immutable blob. */
export type Segment = { blob: string; offset: number; length: number }

/** What a writer says about an object, apart from its bytes. */
export type ObjectProperties = {
  /** Cache-Control and the like, by lower-case name. */
  headers: Record<string, string>
  /** `x-oss-meta-*` without the prefix. */
  meta: Record<string, string>
  storageClass: StorageClass
  acl: ObjectAcl
  tags: Tag[]
  encryption?: Encryption
}

/** What the bytes are. */
export type Content = {
  type: 'Normal' | 'Appendable' | 'Multipart' | 'Symlink'
  size: number
  /** Upper-case and without quotes. */
  etag: string
  /** Base64; only objects written in one piece have it, or in parts that came in order. */
  md5?: string
  /** Decimal; a symbolic link has none. */
  crc64?: string
  segments: Segment[]
  /** A symbolic link's key in the same bucket. */
  target?: string
  /** When an appendable object was sealed. */
  sealed?: number
}

/** How soon a cold archive is wanted. */
export type Tier = 'Expedited' | 'Standard' | 'Bulk'
/** A restore of an archived object; in records of earlier versions of this service it has no tier. */
export type Restore = { readyAt: number; expires: number; tier?: Tier }

/** A version of an object, or a delete marker. */
export type VersionRecord = ObjectProperties &
  Content & {
    /** `null` unless the bucket's versioning was enabled when it was written. */
    versionId: string
    /** Grows with each version of a key. */
    sequence: number
    /** On the current version: where the noncurrent null version is, if there is one. */
    nullSequence?: number
    deleteMarker?: true
    lastModified: number
    restore?: Restore
    retention?: Retention
    legalHold?: 'ON' | 'OFF'
    /** When a lifecycle rule moved it to the class that it has. */
    transitioned?: number
    /** When it was last read, in a bucket that keeps account; of several reads within a day the first. */
    accessed?: number
  }

/** A pending multipart upload. */
export type UploadRecord = ObjectProperties & {
  initiated: number
  forbidOverwrite: boolean
  /** Its parts must come in the order of their numbers, without gaps. */
  sequential?: true
}

/** A part of a pending upload. */
export type PartRecord = {
  number: number
  etag: string
  crc64: string
  size: number
  lastModified: number
  segments: Segment[]
}
