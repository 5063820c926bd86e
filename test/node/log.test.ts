import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { killGateways, started, until } from './gateway-process.ts'

afterEach(killGateways)

/** What the sources say to the log. */
function eventsInSources(): Set<string> {
  const events = new Set<string>()
  for (const name of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.startsWith('local-oss')) continue
    const source = readFileSync(join('src', name), 'utf8')
    for (const [, event] of source.matchAll(/\blog\(\s*'([^']+)'/g)) events.add(event as string)
  }
  return events
}

describe('the log', () => {
  test('has no level for an event that there is not', () => {
    const named = [...readFileSync('src/runtime/log-level.ts', 'utf8').matchAll(/^ {2}'([^']+)',$/gm)].map(
      ([, event]) => event,
    )
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((event) => !eventsInSources().has(event as string))).toEqual([])
  })

  test.each([
    ['info', true],
    ['warn', false],
    ['error', false],
  ])('at the level %s tells that settings were read again: %s', async (level, isTold) => {
    const gateway = await started({ GATEWAY_LOG_LEVEL: level, S3_DOMAIN: 's3.example.com' })
    gateway.child.kill('SIGHUP')
    if (isTold) await until(() => gateway.output().includes('settings read again'))
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
    expect(gateway.output().includes('"level":"info"')).toBe(isTold)
  })
})
