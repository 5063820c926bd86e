import type { OssCredentials } from '../../ports.ts'
import { isSendable } from './answered-key.ts'
import { fetchEcsRamRole } from './ecs-ram-role.ts'
import { fetchKey } from './fetch-key.ts'
import { sourceOfProfile } from './profile.ts'
import type { MachineSource, SourcePorts } from './source.ts'
import { SourceError } from './source-error.ts'
import { assumeRoleWithOidc } from './sts.ts'

/** Reads a file's text. @throws Error that says why not, without its text. */
type ReadFile = (path: string) => string

/**
 * What gives the keys of sources that need a machine, by its files.
 * @returns as `fetchKey` does.
 */
export const machineSources =
  (readFile: ReadFile): SourcePorts['fetchOnMachine'] =>
  async (source, ports) => {
    switch (source.from) {
      case 'settings':
        return readKey(source, readFile)
      case 'ecs-ram-role':
        return fetchEcsRamRole(source.roleName, ports)
      case 'rrsa': {
        const { role, providerArn, tokenFile } = source
        return assumeRoleWithOidc(role, providerArn, readFile(tokenFile).trim(), ports)
      }
      case 'profile':
        return fetchKey(sourceOfProfile(readFile(source.file), source), ports)
    }
  }

/** The key that settings name, with the parts that stand in files as they are now. */
function readKey({ key, files }: Extract<MachineSource, { from: 'settings' }>, readFile: ReadFile) {
  const parts = Object.entries(files).map(([part, file]) => {
    const text = readFile(file).trim()
    if (!isSendable(text)) throw new SourceError(`the file of the ${part} holds none`)
    return [part, text]
  })
  return { ...key, ...Object.fromEntries(parts) } as OssCredentials
}
