import { type HeaderMap, trimmedBytes } from '../http.ts'

/** The lines of the headers that are signed, `name:value`, sorted: all signature versions have them alike. */
export function signedHeaderLines(headers: HeaderMap, isSigned: (name: string) => boolean): Buffer[] {
  const names = Object.keys(headers).filter(isSigned).sort()
  return names.flatMap((name) => [Buffer.from(`${name}:`), trimmedBytes(headers[name]), Buffer.from('\n')])
}
