import { printable } from '../printable.ts'
import type { Explanation, Refused } from './explanation.ts'
import type { Sides } from './facts.ts'
import type { RecordedCall } from './recorded-call.ts'

/** An explanation as text. @param between the two objects of the copy. */
export function renderExplanation(
  { plan, parts, why, calls, answer, assumptions }: Explanation,
  between: Sides,
): string {
  const pieces = plan === 'parts' || plan === 'relay' ? `, ${parts} part${parts === 1 ? '' : 's'}` : ''
  const { status, refused } = answer
  return [
    `Plan:   ${plan}${pieces}`,
    `Why:    ${printable(why)}`,
    `Answer: ${refused === undefined ? status : printable(`${status} ${refused.code}: ${refused.message}`)}`,
    ...(refused === undefined ? [] : renderRefused(refused, between)),
    '',
    calls.length === 0 ? 'OSS calls: none' : 'OSS calls:',
    ...calls.map((call, index) => `${String(index + 1).padStart(3)}. ${renderCall(call)}`),
    ...(assumptions.length === 0
      ? []
      : ['', 'Taken for granted:', ...assumptions.map((line) => `  - ${line}`)]),
    '',
  ].join('\n')
}

function renderRefused({ about, elements, causes }: Refused, between: Sides): string[] {
  const details = Object.entries(elements).map(([name, value]) => `${name}: ${value}`)
  const subject =
    about === 'request'
      ? 'the request itself'
      : `the ${about}, s3://${between[about].bucket}/${between[about].key}`
  return [`about ${subject}`, ...details, ...causes.map((cause) => `cause: ${cause}`)].map(
    (line) => `        ${printable(line)}`,
  )
}

function renderCall({ method, url, headers, why, made, status, code }: RecordedCall): string {
  return [
    `${method} ${url}`,
    `     → ${status}${code === undefined ? '' : ` ${code}`}${made ? '' : ' expected'}; ${printable(why)}`,
    ...Object.entries(headers).map(([name, value]) => `     ${name}: ${printable(value)}`),
  ].join('\n')
}
