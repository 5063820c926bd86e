/** Milliseconds since the epoch in ISO 8601's basic format, as both services' signatures have it: `20260131T120000Z`. */
export const basicTime = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
