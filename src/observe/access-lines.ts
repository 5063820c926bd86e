import { jsonLine } from './json-line.ts'
import type { RequestRecord } from './record.ts'
import { serverAccessLines } from './server-access-log.ts'

/**
 * A request as lines of the access log, in the format of the settings.
 * @param worker the id of the process that serves; absent where the platform has none to tell.
 */
export const accessLines = (format: 'json' | 's3', worker?: number): ((record: RequestRecord) => string[]) =>
  format === 's3' ? serverAccessLines : (record) => [jsonLine(record, worker)]
