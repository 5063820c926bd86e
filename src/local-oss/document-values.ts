import type { BucketRecord } from './store/records.ts'

/** The account of the option `credentials`, and of buckets that were made when there was no other. */
export const FIRST_ACCOUNT = '1000000000000001'

/** The account that owns a bucket and all objects in it. */
export function ownerOf({ owner = FIRST_ACCOUNT }: Pick<BucketRecord, 'owner'>): string {
  return owner
}

/** An account as the children of `<Owner>`. */
export function ownerElements(account: string) {
  return { ID: account, DisplayName: account }
}

/** In milliseconds. */
export const DAY = 86_400_000

/** `2019-04-09T03:45:32.000Z`: OSS's XML has whole seconds. */
export function isoSeconds(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toISOString()
}
