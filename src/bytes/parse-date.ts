const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

// RFC 1123 and RFC 850 with what was sent under their names: days of one digit (Java), offsets instead of GMT,
// years of four digits behind hyphens (cookies), no weekday (mail).
const dayFirst =
  /^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?(\d{1,2})[ -]([a-z]{3})[ -](\d{4}|\d{2}) (\d{1,2}):(\d\d):(\d\d) ?(gmt|utc?|z|[+-]\d\d:?\d\d)$/i
// C's asctime, and the same with the zone that `date` writes.
const monthFirst =
  /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]* ([a-z]{3}) {1,2}(\d{1,2}) (\d{1,2}):(\d\d):(\d\d) (?:(?:gmt|utc?) )?(\d{4})$/i
const isoExtended = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/i
const isoBasic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/i

/**
 * A date in any form that an HTTP library or an AWS SDK has sent → milliseconds since the epoch, or undefined for what
 * is no date. The forms: RFC 1123, RFC 850, asctime, ISO 8601.
 */
export function parseDate(text: string): number | undefined {
  const trimmed = text.trim()
  const [, day, month = '', year = '', hours, minutes, seconds, zone] = dayFirst.exec(trimmed) ?? []
  if (day !== undefined) return timeOf([fullYear(year), monthOf(month), day, hours, minutes, seconds], zone)
  const [, name = '', monthDay, hour, minute, second, yearLast] = monthFirst.exec(trimmed) ?? []
  if (monthDay !== undefined) return timeOf([yearLast, monthOf(name), monthDay, hour, minute, second])
  return parseIsoTime(trimmed)
}

/** A date and time of ISO 8601, as documents write it, extended or basic → milliseconds; without a zone it is UTC. */
export function parseIsoTime(text: string): number | undefined {
  const match = isoExtended.exec(text) ?? isoBasic.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hours, minutes, seconds, fraction = '', zone] = match
  const whole = timeOf([year, month, day, hours, minutes, seconds], zone)
  return whole === undefined ? undefined : whole + Number(fraction.padEnd(3, '0').slice(0, 3))
}

const monthOf = (name: string) => monthNames.indexOf(name.toLowerCase()) + 1

// As POSIX reads years of two digits.
const fullYear = (year: string) => (year.length > 2 ? year : `${Number(year) < 69 ? '20' : '19'}${year}`)

/** Date.parse takes the 30th of February for a day in March. */
function timeOf(fields: readonly (string | number | undefined)[], zone = 'Z'): number | undefined {
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = fields.map(Number)
  const midnight = new Date(Date.UTC(year, month - 1, day))
  const exists = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day
  // A minute may have a leap second.
  if (!exists || hours > 23 || minutes > 59 || seconds > 60) return undefined
  const [, sign, offsetHours = 0, offsetMinutes = 0] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  const offset = Number(offsetHours) * 60 + Number(offsetMinutes)
  const minutesOfDay = hours * 60 + minutes - (sign === '-' ? -offset : offset)
  return midnight.getTime() + (minutesOfDay * 60 + seconds) * 1000
}
