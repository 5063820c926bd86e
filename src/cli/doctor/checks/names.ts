/** What a check of an upstream is about. */
export const aboutUpstream = (name: string | undefined) => (name === undefined ? 'OSS' : `upstream ${name}`)

/** What a check of a bucket is about. */
export const aboutBucket = (name: string) => `bucket ${name}`

/** What a check of a bucket's custom domain is about, by OSS's name of the bucket. @param upstream absent: of the environment. */
export const aboutDomain = (upstream: string | undefined, bucket: string) =>
  upstream === undefined ? aboutBucket(bucket) : `${aboutUpstream(upstream)}, bucket ${bucket}`

/** What a check of copies is about. */
export const aboutCopy = (from: string, to: string) => `copy ${from} to ${to}`
