/** What a check of a bucket is about. */
export const aboutBucket = (name: string) => `bucket ${name}`

/** What a check of copies is about. */
export const aboutCopy = (from: string, to: string) => `copy ${from} to ${to}`
