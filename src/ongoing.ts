import { type Admission, createAdmission, type LimitSettings } from './middleware/admission.ts'
import { createReadings, type Readings } from './operations/readings.ts'
import { KeyQueue } from './operations/writes/key-queue.ts'
import type { Clock, Sleep } from './ports.ts'

/** What goes on under other settings, for gateways that follow one another in a process. */
export type Ongoing = {
  /** The writes under way. */
  writes: KeyQueue
  /** The requests that are counted. */
  admission: Admission
  /** Those that are read before they are verified. */
  readings: Readings
}

/** Nothing has begun yet. @param settings whose limits count until others are applied. */
export const createOngoing = (settings: LimitSettings, ports: { sleep: Sleep; clock: Clock }): Ongoing => ({
  writes: new KeyQueue(),
  admission: createAdmission(settings, ports),
  readings: createReadings(),
})
