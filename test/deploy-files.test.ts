import { readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../src/config/parse-config.ts'

const read = (path: string) => parse(readFileSync(path, 'utf8'))
const environment = {
  OSS_REGION: 'cn-hangzhou',
  OSS_ACCESS_KEY_ID: 'key',
  OSS_ACCESS_KEY_SECRET: 'a-secret-of-its-own',
}
const chart = 'deploy/helm/s3-oss-gateway/values.yaml'

test.each([
  ['deploy/settings.yaml', read('deploy/settings.yaml')],
  [chart, read(chart).settings],
  ['deploy/slb/nlb.yaml', read('deploy/slb/nlb.yaml').settings],
])('the gateway takes the settings of %s', (_, settings) => {
  expect(() => parseConfig(environment, JSON.stringify(settings))).not.toThrow()
})

test.each([
  [chart, read(chart)],
  ['deploy/slb/nlb.yaml', { ...read(chart), ...read('deploy/slb/nlb.yaml') }],
])('a pod by %s has the time that the gateway takes to stop', (_, values) => {
  const { drain = 5, stop } = parseConfig(environment, JSON.stringify(values.settings)).document.timeouts
  const copies = 5
  expect(values.terminationGracePeriodSeconds).toBeGreaterThan(drain + stop + copies)
})

test('Grafana finds in the compose file what its provisioning names', () => {
  const { grafana, prometheus } = read('deploy/compose.yaml').services
  const mounts = (grafana.volumes as string[]).map((volume) => volume.split(':') as [string, string])
  for (const [from] of mounts) expect(statSync(posix.join('deploy', from))).toBeDefined()
  const provisioning = 'deploy/grafana/provisioning'
  expect(readdirSync(provisioning).sort()).toEqual(['dashboards', 'datasources'])
  const [provider] = read(`${provisioning}/dashboards/files.yaml`).providers
  const [, dashboard] = mounts.find(([from]) => from.endsWith('dashboard.json')) as [string, string]
  expect(posix.dirname(dashboard)).toBe(provider.options.path)
  const [source] = read(`${provisioning}/datasources/prometheus.yaml`).datasources
  expect(source).toMatchObject({ type: 'prometheus', url: 'http://prometheus:9090', isDefault: true })
  // The dashboard lets one choose among those of that type, and begins with the default.
  const { templating } = JSON.parse(readFileSync('deploy/grafana/dashboard.json', 'utf8'))
  expect(templating.list).toContainEqual(
    expect.objectContaining({ name: 'datasource', type: 'datasource', query: source.type }),
  )
  // Where Prometheus looks for what it is told, and whom it asks.
  for (const file of ['prometheus.yml', 'alerts.yaml']) {
    expect(prometheus.volumes).toContain(`./${file}:/etc/prometheus/${file}:ro`)
  }
  const { rule_files, scrape_configs } = read('deploy/prometheus.yml')
  expect(rule_files).toEqual(['alerts.yaml'])
  const [
    {
      static_configs: [
        {
          targets: [target],
        },
      ],
    },
  ] = scrape_configs
  expect(target.split(':')[0] in read('deploy/compose.yaml').services).toBe(true)
})
