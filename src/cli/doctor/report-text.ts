import { printable } from '../printable.ts'
import type { Result } from './check.ts'
import type { RamPolicy, Statement } from './ram-policy.ts'
import type { Policies, Report } from './report.ts'

const marks = { ok: 'ok', warning: 'warning', wrong: 'WRONG', skipped: '-' }
const WIDTH = 110

/** A report as text. */
export function renderReport(report: Report): string {
  const { ok, gateway, oss, results, copyLimit, refused, policies, upstreams = [] } = report
  const abouts = [...new Set(results.map(({ about }) => about))]
  return [
    `Gateway  ${gateway}`,
    `OSS      ${oss}`,
    ...upstreams.map((one) => `         ${one.oss}, the upstream ${one.upstream}`),
    ...abouts.flatMap((about) => ['', about, ...renderResults(results.filter((one) => one.about === about))]),
    '',
    `What OSS copies in one call: ${copyLimit}`,
    '',
    'What is refused to clients:',
    ...refused.map((line) => `  - ${printable(line)}`),
    '',
    ...renderAllPolicies(policies, upstreams),
    '',
    conclusion(ok, results),
    '',
  ].join('\n')
}

function conclusion(ok: boolean, results: readonly Result[]): string {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length
  const taken = results.length - count('skipped')
  const left = count('skipped') === 0 ? '' : `, ${count('skipped')} left out`
  const warnings = count('warning') === 0 ? '' : `, ${count('warning')} with a warning`
  return `${ok ? 'All right' : `${count('wrong')} wrong`}: ${taken} checks${warnings}${left}.`
}

/** What was left out for one reason is one line. */
function renderResults(results: readonly Result[]): string[] {
  const taken = results.filter(({ outcome }) => outcome !== 'skipped')
  const width = Math.max(...taken.map(({ check }) => check.length))
  const left = results.filter(({ outcome }) => outcome === 'skipped')
  const reasons = [...new Set(left.map(({ said }) => said))]
  return [
    ...taken.flatMap((result) => renderResult(result, width)),
    ...reasons.flatMap((why) => {
      const those = left.filter(({ said }) => said === why).map(({ check }) => check)
      return wrapped(`  ${marks.skipped.padEnd(8)}${printable(why)}:`, those, 10)
    }),
  ]
}

function renderResult({ check, outcome, said, means, advice }: Result, width: number): string[] {
  return [
    `  ${marks[outcome].padEnd(8)}${check.padEnd(width)}  ${printable(said)}`,
    ...(means ? [`          so: ${printable(means)}`] : []),
    ...(advice ? [`          do: ${printable(advice)}`] : []),
  ]
}

/** Words behind a beginning, in lines that are not too long. */
function wrapped(beginning: string, words: readonly string[], indent: number): string[] {
  const lines = [beginning]
  for (const [i, word] of words.entries()) {
    const text = i === words.length - 1 ? word : `${word},`
    const last = lines.at(-1) as string
    if (last.length + text.length + 1 > WIDTH) lines.push(`${' '.repeat(indent)}${text}`)
    else lines[lines.length - 1] = `${last} ${text}`
  }
  return lines
}

function renderAllPolicies(policies: Policies | undefined, upstreams: Report['upstreams'] = []): string[] {
  const all = [
    ...(policies === undefined ? [] : [renderPolicies(policies, '')]),
    ...upstreams.flatMap(({ upstream, policies: own }) =>
      own === undefined ? [] : [renderPolicies(own, ` at the upstream ${upstream}`)],
    ),
  ]
  if (all.length === 0)
    return [
      'With --bucket, it is looked at what OSS allows in a bucket, and the RAM policy that is enough is told.',
    ]
  return all.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]))
}

/** @param where at which upstream, if not at that of the environment. */
function renderPolicies({ objects, settings }: Policies, where: string): string[] {
  const first = [
    `The RAM policy that is enough for the gateway's identity${where}, for what clients do with objects:`,
    ...renderPolicy(objects),
  ]
  if (settings.Statement.length === 0) return first
  // Who has parts of buckets alone can change no settings, and so needs no right to.
  const isToRead = settings.Statement.every(({ Action }) => !Action.includes('oss:PutBucket'))
  return [
    ...first,
    '',
    isToRead
      ? 'and besides, where clients are to read those settings of these buckets that are told of a part:'
      : 'and besides, where clients are to create and delete these buckets and to change their settings:',
    ...renderPolicy(settings),
  ]
}

function renderPolicy({ Version, Statement: statements }: RamPolicy): string[] {
  return [
    '{',
    `  "Version": ${JSON.stringify(Version)},`,
    '  "Statement": [',
    ...statements.flatMap((one, i) => renderStatement(one, i === statements.length - 1 ? '' : ',')),
    '  ]',
    '}',
  ]
}

function renderStatement({ Effect, Action, Resource }: Statement, end: string): string[] {
  const list = (name: string, texts: readonly string[], after: string) => {
    const lines = wrapped(
      `      "${name}": [`,
      texts.map((text) => JSON.stringify(text)),
      8,
    )
    return [...lines.slice(0, -1), `${lines.at(-1)}]${after}`.replace(': [ ', ': [')].map((line) =>
      line.replace(': [ ', ': ['),
    )
  }
  return [
    '    {',
    `      "Effect": ${JSON.stringify(Effect)},`,
    ...list('Action', Action, ','),
    ...list('Resource', Resource, ''),
    `    }${end}`,
  ]
}
