import type { Config } from '../config/index.ts'
import { accessLines } from '../observe/access-lines.ts'
import { type Observer, requestObserver } from '../observe/record.ts'

/** The access log of the settings, to standard output, which the platform keeps; undefined: there is none. */
export function accessLog({ to, format }: Config['document']['accessLog']): Observer | undefined {
  if (to === 'off') return undefined
  const lines = accessLines(format)
  return requestObserver((record) => {
    for (const line of lines(record)) console.log(line)
  })
}
