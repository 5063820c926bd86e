import { parseArgs } from 'node:util'
import { heap } from './heap.ts'
import { memory } from './memory.ts'
import { overload } from './overload.ts'
import { pressure } from './pressure.ts'
import { rolling } from './rolling.ts'
import { MiB, Report, type Scale, startStub } from './world.ts'

/**
 * What a gateway needs when it is used for long and by many: `npm run test:steady -- [--short] [part …]`.
 * Prints what was measured; exits with 1 when a bound is broken.
 */
const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const scale: Scale = values.short
  ? { size: 16 * MiB, requests: 20_000, overload: 4, restarts: 1 }
  : { size: 256 * MiB, requests: 200_000, overload: 10, restarts: 3 }
if (process.env.STEADY_SIZE !== undefined) scale.size = Number(process.env.STEADY_SIZE) * MiB

const report = new Report()
const parts: Record<string, () => Promise<void>> = {
  pressure: () => inFront(pressure),
  heap: () => inFront((stub, report) => heap(stub, scale, report)),
  overload: () => inFront((stub, report) => overload(stub, scale, report)),
  rolling: () => rolling(scale, report),
  memory: () => inFront((stub, report) => memory(stub, scale, report)),
}

async function inFront(part: (stub: Awaited<ReturnType<typeof startStub>>, report: Report) => Promise<void>) {
  const stub = await startStub()
  try {
    await part(stub, report)
  } finally {
    stub.stop()
  }
}

for (const [name, part] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.info(`\n${name}`)
  await part()
}
console.info(report.broken ? '\nA bound is broken.' : '\nEverything is within its bounds.')
process.exitCode = report.broken ? 1 : 0
