import type { Facts } from './check.ts'

/** What is refused to S3 clients by the settings, and by what the buckets are: no faults, but to be known. */
export function whatIsRefused({ config, buckets }: Facts): string[] {
  const { document, anonymous } = config
  const { copy, acl } = document
  const lines: string[] = []
  const add = (isSo: boolean, line: string) => {
    if (isSo) lines.push(line)
  }
  add(anonymous === undefined, 'requests that nobody has signed (anonymous: deny)')
  add(!document.signatureV2, 'Signature Version 2 (signatureV2: false)')
  add(!document.postForms, 'uploads by forms (postForms: false)')
  add(!document.cors, 'browsers of other origins (cors: false)')
  add(
    document.conditionalWrites === 'refuse',
    'If-Match and If-None-Match on writes that OSS cannot hold, with 501 (conditionalWrites: refuse)',
  )
  add(
    acl.ownership === 'BucketOwnerEnforced',
    "every ACL but the owner's full control (acl.ownership: BucketOwnerEnforced)",
  )
  add(copy.oversize === 'reject', 'copies above the size that OSS copies in one call (copy.oversize: reject)')
  add(copy.crossRegion === 'reject', 'copies between regions (copy.crossRegion: reject)')
  add(copy.crossUpstream === 'reject', 'copies between upstreams (copy.crossUpstream: reject)')
  add(
    copy.appendable === 'reject',
    'copies of appendable objects that OSS does not copy (copy.appendable: reject)',
  )
  add(copy.symlink === 'reject', 'copies of symbolic links that OSS does not copy (copy.symlink: reject)')
  lines.push(`copies of sources above ${sizeOf(copy.maxSize)} (copy.maxSize)`)
  for (const bucket of buckets) {
    const { name, prefix, retention, hasObjectLock, storageClass = '', blocksPublicAccess } = bucket
    add(
      prefix !== '',
      `in ${name}: what changes the whole bucket, or tells of all of it: it is a part of one (buckets.${name}.prefix)`,
    )
    add(
      retention !== undefined && retention !== 'none',
      `in ${name}: deletions and overwrites, for ${retention}, and conditional writes that need a lock`,
    )
    add(hasObjectLock === true, `in ${name}: conditional writes that need a lock: it has object lock`)
    add(hasObjectLock === false, `in ${name}: retention and legal holds: it has no object lock`)
    add(blocksPublicAccess === true, `in ${name}: public ACLs and policies: it blocks public access`)
    add(
      storageClass.includes('Archive') && document.storageClass.default === 'bucket',
      `in ${name}: reads of what was written without a class, until it is restored`,
    )
  }
  lines.push(
    'always: SSE-C, grants that are no ACL of OSS, and what else README names below "What differs from S3"',
  )
  return lines
}

/** The size above which OSS does not copy in one call: as it was measured, else as its documents have it. */
export function copyLimit({ config, buckets }: Facts): string {
  const { localOss, document } = config
  const then =
    document.copy.oversize === 'reroute'
      ? 'then the gateway copies in parts (copy.oversize: reroute)'
      : 'then the copy is refused (copy.oversize: reject)'
  const measured = buckets.flatMap(({ name, copySizes }) => (copySizes ? [`in ${name} ${copySizes}`] : []))
  if (measured.length > 0) return `${measured.join('; ')}; ${then}`
  if (localOss !== undefined) return `${sizeOf(localOss.copyLimit)} (LOCAL_OSS_COPY_LIMIT); ${then}`
  return `not measured (--copy-limit): by OSS's documents 1 GiB where class or encryption change, else 5 GiB between buckets and any size within one. OSS says EntityTooLarge, copy by copy; ${then}`
}

const GiB = 1024 ** 3
const sizeOf = (bytes: number) => (bytes % GiB === 0 ? `${bytes / GiB} GiB` : `${bytes} bytes`)
