import { type HeaderMap, headerMap, type Reply } from '../../ports.ts'
import { renderXml, type XmlTree } from '../../xml/index.ts'
import { XMLNS } from '../operation.ts'

/**
 * A 200 with a list.
 * @param about the elements in front of the rows; there is one at least.
 * @param rows in UTF-8.
 */
export function listReply(root: string, about: XmlTree, rows: readonly Buffer[], headers: HeaderMap): Reply {
  const end = Buffer.from(`</${root}>`)
  const start = Buffer.from(renderXml(root, about, XMLNS)).subarray(0, -end.length)
  const sent = headerMap(headers)
  sent['content-type'] = 'application/xml'
  return { status: 200, headers: sent, body: Buffer.concat([start, ...rows, end]) }
}
