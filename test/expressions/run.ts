import { availableParallelism } from 'node:os'
import { check } from 'recheck'
import { versionRows } from '../../src/operations/lists/rows.ts'
import { expressionOf } from '../../src/xml/plain-parser.ts'
import { RowWriter } from '../../src/xml/row-writer.ts'
import { type Expression, expressionsBelow, expressionsIn } from './find.ts'

/** Enough that each count of the source is unrolled, and so proven rather than tried. */
const thorough = { timeout: 300_000, maxRepeatCount: 2000, maxNFASize: 200_000, maxPatternSize: 3000 }

const md5 = '"5D41402ABC4B2A76B9719D911017C592"'
/** A row with usual values, and one with others. */
const row = (etag: string, size: string) =>
  `<Version>\n  <Key>a</Key><IsLatest>true</IsLatest><LastModified>2025-11-20T08:00:00.000Z</LastModified><ETag>${etag}</ETag><Type>Normal</Type><Size>${size}</Size><Owner><ID>1</ID></Owner></Version>`
const versions = versionRows({ encode: (key) => key, prefix: '' }, true)

/** The only sources that make expressions at run time: of elements, each built alike, so a few stand for all. */
const made: Record<string, string[]> = {
  'src/xml/plain-parser.ts': [{ Key: ['k'] }, { A: ['1'], B: [''] }, { A: [{ B: [{ C: ['1'] }] }] }].map(
    (model) => (expressionOf('Part', model) as RegExp).source,
  ),
  // Sticky: they are tried at one place only.
  'src/xml/row-writer.ts': [row(md5, '1'), row('"another"', '1 B')].map(
    (model) => `^${RowWriter.like(model, 'Version', versions)?.expression.source}`,
  ),
}

/** Why an expression may take longer than its text is long, or undefined where that is ruled out by proof. */
async function whyNotLinear({ pattern, flags }: Expression): Promise<string | undefined> {
  const result = await check(pattern, flags, thorough)
  if (result.status === 'vulnerable') return `${result.complexity.summary}: ${result.attack.pattern}`
  if (result.status === 'unknown') return `not decided: ${JSON.stringify(result.error)}`
  // Backreferences and look-arounds are tried only: nothing is proven of them.
  return result.checker === 'automaton' ? undefined : 'attacked without success, but not proven linear'
}

const { expressions, constructions } = expressionsBelow('src')
const problems = constructions
  .filter(({ file }) => !(file in made))
  .map(({ file, code }) => `${file}: ${code}: made at run time, so that nobody can tell what it takes`)
for (const file of Object.keys(made)) {
  if (!constructions.some((one) => one.file === file)) problems.push(`${file}: makes no expression any more`)
}

// The check itself, by one that is known to be quadratic.
const [known] = expressionsIn(
  'a known one',
  'export const trim = (a: string) => a.replace(/[ \\t]+$/, "")',
).expressions
if (known === undefined || !(await whyNotLinear(known))?.includes('2nd degree')) {
  problems.push('the check does not find a known quadratic expression')
}

const distinct = new Map<string, Expression>()
for (const [file, patterns] of Object.entries(made)) {
  for (const pattern of patterns) distinct.set(pattern, { file, pattern, flags: '' })
}
for (const expression of expressions) distinct.set(`${expression.pattern}/${expression.flags}`, expression)
const waiting = [...distinct.values()]

async function work(): Promise<void> {
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const why = await whyNotLinear(next)
    if (why !== undefined) problems.push(`${next.file}: /${next.pattern}/${next.flags}: ${why}`)
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
for (const problem of problems) console.error(problem)
console.log(`${distinct.size} regular expressions, ${problems.length} not known to be linear`)
process.exitCode = problems.length === 0 ? 0 : 1
