import { invalidArgument, invalidRequest } from '../../s3/error.ts'
import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import {
  checkElements,
  childElements,
  childText,
  childTexts,
  malformedXml,
  optionalInteger,
} from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'CORSConfiguration'
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']
const LISTS = ['AllowedOrigin', 'AllowedMethod', 'AllowedHeader', 'ExposeHeader'] as const
const MAX_RULES = 100
const MAX_ID_LENGTH = 255

/** The same grammar on both sides. A rule's ID, which only names it, has no place in OSS. */
export const cors: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, [], ['CORSRule'])
    const rules = childElements(document, 'CORSRule')
    if (rules.length === 0) throw malformedXml()
    if (rules.length > MAX_RULES) {
      throw invalidRequest(`The number of CORS rules should not exceed allowed limit of ${MAX_RULES} rules.`)
    }
    return { CORSRule: rules.map(toOssRule) }
  },
  // OSS's ResponseVary, next to the rules, changes a header of answers and no access.
  toS3: (document) => ({
    CORSRule: children(document, 'CORSRule').map((rule) => ({
      ...listsOf(rule),
      MaxAgeSeconds: text(rule, 'MaxAgeSeconds'),
    })),
  }),
}

/** @throws S3Error MalformedXML, InvalidRequest, InvalidArgument. */
function toOssRule(rule: XmlNode): XmlTree {
  checkElements(rule, `${ROOT}/CORSRule`, ['ID', 'MaxAgeSeconds'], LISTS)
  const id = childText(rule, 'ID') ?? ''
  if (id.length > MAX_ID_LENGTH) {
    throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID_LENGTH}`, 'ID', id)
  }
  const lists = listsOf(rule)
  if (lists.AllowedOrigin.length === 0 || lists.AllowedMethod.length === 0) throw malformedXml()
  const method = lists.AllowedMethod.find((name) => !METHODS.includes(name))
  if (method !== undefined) {
    throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`)
  }
  for (const origin of lists.AllowedOrigin) {
    checkWildcards('AllowedOrigin', origin)
    checkCharacters('AllowedOrigin', origin, /^[!-~]+$/)
  }
  for (const header of lists.AllowedHeader) {
    checkWildcards('AllowedHeader', header)
    checkCharacters('AllowedHeader', header, TOKEN)
  }
  for (const header of lists.ExposeHeader) {
    if (header.includes('*')) {
      throw invalidRequest(
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      )
    }
    checkCharacters('ExposeHeader', header, TOKEN)
  }
  const MaxAgeSeconds = optionalInteger(rule, 'MaxAgeSeconds')
  if (MaxAgeSeconds !== undefined && MaxAgeSeconds < 0) throw malformedXml()
  return { ...lists, MaxAgeSeconds }
}

/** A header's name, or a pattern for some: `*` is one of its characters in HTTP, too. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

function checkWildcards(element: string, value: string): void {
  if (value.split('*').length > 2) {
    throw invalidRequest(`${element} "${value}" can not have more than one wildcard.`)
  }
}

function checkCharacters(element: string, value: string, allowed: RegExp): void {
  if (!allowed.test(value)) throw invalidRequest(`${element} "${value}" contains invalid character.`)
}

const listsOf = (rule: XmlNode) =>
  Object.fromEntries(LISTS.map((name) => [name, childTexts(rule, name)])) as Record<
    (typeof LISTS)[number],
    string[]
  >
