import type { OssCredentials, Question } from '../../ports.ts'
import { answeredKey } from './answered-key.ts'
import { answeredObject } from './answered-object.ts'
import type { SourcePorts } from './source.ts'
import { SourceError } from './source-error.ts'

const SERVICE = 'http://100.100.100.200'
const WHO = "the ECS instance's metadata service (100.100.100.200)"
/** Milliseconds; it is on the same machine. */
const LIMIT = 3_000

/**
 * The key of an ECS instance's RAM role, from its metadata service in hardened mode: the normal one, which answers
 * whoever can make the instance send a GET, is never used.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 * @param roleName absent: the role that the instance has.
 * @throws SourceError.
 */
export async function fetchEcsRamRole(
  roleName: string | undefined,
  { ask }: SourcePorts,
): Promise<OssCredentials> {
  const askFor = (method: Question['method'], path: string, headers: Record<string, string>) =>
    ask({ method, url: `${SERVICE}${path}`, headers, limit: LIMIT })

  const token = await askFor('PUT', '/latest/api/token', { 'x-aliyun-ecs-metadata-token-ttl-seconds': '60' })
  if (token.status !== 200)
    throw new SourceError(`${WHO} gives no token for its hardened mode: ${token.status}`)
  if (!/^[!-~]{1,1024}$/.test(token.text.trim())) throw new SourceError(`${WHO} gives a token that is none`)
  const headers = { 'x-aliyun-ecs-metadata-token': token.text.trim() }

  async function findRole(): Promise<string> {
    const { status, text } = await askFor('GET', '/latest/meta-data/ram/security-credentials/', headers)
    if (status === 404) throw new SourceError(`${WHO} says that the instance has no RAM role`)
    if (status !== 200) throw new SourceError(`${WHO} answers ${status} to which RAM role the instance has`)
    const [name = ''] = text.trim().split('\n')
    if (!isRoleName(name)) throw new SourceError(`${WHO} answers with a RAM role that cannot be one`)
    return name
  }

  const role = roleName ?? (await findRole())
  const answer = await askFor('GET', `/latest/meta-data/ram/security-credentials/${role}`, headers)
  if (answer.status === 404) throw new SourceError(`${WHO} says that the instance has no RAM role ${role}`)
  const fields = answeredObject(answer, WHO)
  if (fields.Code !== 'Success') throw new SourceError(`${WHO} has no key for the RAM role ${role} now`)
  return answeredKey(fields, WHO)
}

/** Whether a text can be a RAM role's name. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createrole */
export const isRoleName = (text: string) => /^[A-Za-z0-9.-]{1,64}$/.test(text)
