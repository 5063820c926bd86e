/** The owner in every document: there is one account. */
export const OWNER = { ID: '1000000000000001', DisplayName: '1000000000000001' }

/** `2019-04-09T03:45:32.000Z`: OSS's XML has whole seconds. */
export function isoSeconds(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toISOString()
}
