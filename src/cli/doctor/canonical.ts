/** What a proxy has changed of a request on its way: what was sent, and what has come. */
export type Change = { what: string; sent: string; came: string }

/**
 * The first difference between two canonical requests of Signature Version 4: the one that was signed, and the one that the
 * gateway has made of what came.
 * @returns undefined where they are the same: then the secrets are not.
 */
export function changeBetween(signed: string, received: string): Change | undefined {
  const [sent, came] = [linesOf(signed), linesOf(received)]
  for (const [what, value] of Object.entries(sent)) {
    if (value !== (came[what] ?? '')) return { what, sent: value, came: came[what] ?? '' }
  }
  return undefined
}

/** By what each is: the method, the path, the query, each header that is signed. */
function linesOf(canonical: string): Record<string, string> {
  const [method = '', path = '', query = '', ...rest] = canonical.split('\n')
  const headers = rest.slice(0, Math.max(rest.indexOf(''), 0)).map((line): [string, string] => {
    const [name = '', ...value] = line.split(':')
    return [`the header ${name}`, value.join(':')]
  })
  return { 'the method': method, 'the path': path, 'the query': query, ...Object.fromEntries(headers) }
}
