import { newestReadings as newest, type Readings } from '../../src/local-oss/readings.ts'

export type { Readings }

const flags: Record<keyof Readings, boolean> = newest

/** Each of the embedded OSS's readings the other way: all at once, since none decides what another does. */
export const newestReadings = Object.fromEntries(
  Object.entries(flags).map(([name, isSo]) => [name, !isSo]),
) as Readings
