import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'acorn'
import { transformSync } from 'esbuild'

/** A regular expression as the source writes it. */
export type Expression = { file: string; pattern: string; flags: string }
/** A call that makes one at run time: nothing can be said of it here. */
export type Construction = { file: string; code: string }

/** String methods that make an expression of a string. */
const compiling = ['match', 'matchAll', 'search']

/** Every regular expression of one TypeScript source, found by a parser: none is overlooked. */
export function expressionsIn(file: string, source: string) {
  const { code } = transformSync(source, { loader: 'ts', target: 'esnext' })
  const expressions: Expression[] = []
  const constructions: Construction[] = []
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit)
    if (!isNode(node)) return
    if (node.regex !== undefined) expressions.push({ file, ...node.regex })
    else if (constructs(node)) constructions.push({ file, code: code.slice(node.start, node.end) })
    Object.values(node).forEach(visit)
  }
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }))
  return { expressions, constructions }
}

/** Those of every source below a folder. */
export function expressionsBelow(folder: string) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const found = files
    .map((file) => join(folder, file))
    .map((file) => expressionsIn(file, readFileSync(file, 'utf8')))
  return {
    expressions: found.flatMap(({ expressions }) => expressions),
    constructions: found.flatMap(({ constructions }) => constructions),
  }
}

type Node = {
  type: string
  start: number
  end: number
  regex?: { pattern: string; flags: string }
  callee?: { type: string; name?: string; property?: { name?: string } }
  arguments?: readonly { regex?: object; type: string }[]
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value

function constructs({ type, callee, arguments: [first] = [] }: Node): boolean {
  if (type !== 'NewExpression' && type !== 'CallExpression') return false
  if (callee?.name === 'RegExp' || callee?.property?.name === 'RegExp') return true
  return (
    compiling.includes(callee?.property?.name ?? '') && (first?.type === 'TemplateLiteral' || isText(first))
  )
}

const isText = (node: object | undefined) =>
  node !== undefined && 'value' in node && typeof node.value === 'string'
