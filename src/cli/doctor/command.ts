import type { Config } from '../../config/index.ts'
import { ProblemsError } from '../../config/problems.ts'
import { UsageError } from '../usage-error.ts'
import { DOCTOR_USAGE, parseArguments } from './arguments.ts'
import { type DoctorPorts, examine } from './examine.ts'
import { nodeNetwork } from './network.ts'
import { renderReport } from './report-text.ts'

export { DOCTOR_USAGE } from './arguments.ts'

type Streams = { stdout: { write(text: string): unknown }; stderr: { write(text: string): unknown } }

/**
 * The command `doctor`.
 * @param args the arguments after `doctor`. @param settings reads them, or ends the process.
 * @param signal ends it early; what was written is removed then, too.
 * @returns the exit code: 0 where all is right, 1 where something is wrong or it was ended, 2 for mistakes in the command
 * line or the settings.
 */
export async function doctor(
  args: readonly string[],
  settings: () => Config,
  { stdout, stderr }: Streams,
  signal?: AbortSignal,
  ports: DoctorPorts = { network: nodeNetwork(), now: Date.now },
): Promise<number> {
  try {
    const asked = parseArguments(args)
    if (asked === undefined) {
      stdout.write(`Usage: s3-oss-gateway ${DOCTOR_USAGE}\n`)
      return 0
    }
    const { report, secrets } = await examine(asked, settings(), ports, signal)
    const hide = (text: string) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    const hidden = (_: string, value: unknown) => (typeof value === 'string' ? hide(value) : value)
    stdout.write(asked.json ? `${JSON.stringify(report, hidden, 2)}\n` : hide(renderReport(report)))
    return report.ok && !signal?.aborted ? 0 : 1
  } catch (error) {
    const usage = error instanceof UsageError ? `\nUsage: s3-oss-gateway ${DOCTOR_USAGE}\n` : ''
    stderr.write(`${(error as Error).message}\n${usage}`)
    return error instanceof ProblemsError ? 2 : 1
  } finally {
    ports.network.close()
  }
}
