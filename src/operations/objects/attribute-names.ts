import type { HeaderMap } from '../../ports.ts'
import { invalidArgument } from '../../s3/error.ts'

/**
 * The attributes that a header asks for, with commas between them.
 * @param known those that there are.
 * @throws S3Error InvalidArgument for any other.
 */
export function attributeNames(
  headers: HeaderMap,
  header: string,
  known: readonly string[],
): ReadonlySet<string> {
  const names = (headers[header] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw invalidArgument('Invalid attribute name specified.', header, unknown)
  return new Set(names)
}
