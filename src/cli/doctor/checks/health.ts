import { isLoopback } from '../../../config/values.ts'
import { asking, type Facts, ok, type Step, skipped, type UpstreamFacts, warning, wrong } from '../check.ts'
import { isSilent } from '../http-response.ts'

const about = 'gateway'

const WHY =
  'the log of the gateway says why; OSS answers doctor, so its settings or its way to OSS are others than here'

const adminUrl = ({ config: { listen } }: Facts, path: string) => {
  const { adminHost, adminPort } = listen
  const host = ['0.0.0.0', '::'].includes(adminHost) ? '127.0.0.1' : adminHost
  return `http://${host.includes(':') ? `[${host}]` : host}:${adminPort}${path}`
}

/** Whether the gateway is where its settings are: on another machine its admin port is none of this one's. */
function isHere({ config: { listen }, gateway }: Facts): boolean {
  if (listen.adminPort === undefined) return false
  const { hostname } = new URL(`${gateway.protocol}//${gateway.host}`)
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return isLoopback(bare) || bare === listen.host
}

/** As /readyz names them. */
const nameOf = ({ name }: UpstreamFacts) => name ?? 'the upstream of the environment'

/** The admin port, of a gateway on this machine. @param upstreams one that can be used is enough. */
export const healthChecks = (upstreams: readonly UpstreamFacts[]): Step[] => [
  asking<'page'>({
    about,
    name: 'health',
    does: 'asks the admin port whether the gateway is alive',
    means: 'load balancers and Kubernetes take it for dead, and nobody reads its metrics',
    needs: ['connection'],
    applies: isHere,
    ask: (facts) => ({ of: 'page', url: adminUrl(facts, '/healthz') }),
    judge(answer, facts) {
      facts.isAlive = !isSilent(answer) && answer.status === 200
      if (facts.isAlive) return ok('alive')
      return wrong(
        `${adminUrl(facts, '/healthz')}: ${isSilent(answer) ? answer.silence : `${answer.status} ${answer.body.toString().trim()}`}`,
        'ADMIN_HOST and ADMIN_PORT: they have to be those of the running gateway, and open to whoever asks',
      )
    },
  }),
  asking<'page'>({
    about,
    name: 'readiness',
    does: 'asks it whether OSS answers the running gateway',
    means:
      'load balancers and Kubernetes send it no requests (where it says degraded they do, and those fail that need that OSS)',
    needs: upstreams.length > 1 ? [] : ['OSS credentials'],
    applies: ({ isAlive }) => isAlive === true,
    ask: (facts) => ({ of: 'page', url: adminUrl(facts, '/readyz') }),
    judge(answer) {
      if (isSilent(answer)) return wrong(answer.silence, WHY)
      const said = answer.body.toString().trim()
      // What doctor finds wrong with these is told where they are.
      const unusable = upstreams.filter(({ isUsable }) => !isUsable).map(nameOf)
      if (answer.status !== 200 && unusable.length === upstreams.length) return skipped('OSS cannot be used')
      if (answer.status !== 200) return wrong(`${answer.status} ${said}`, WHY)
      if (said === 'ok') return ok('ready')
      const [isDegraded, names = nameOf(upstreams[0] as UpstreamFacts)] =
        /^degraded: OSS cannot be used now(?: at (.*))?, the log/.exec(said) ?? []
      const isTold = names.split(', ').every((name) => unusable.includes(name))
      return isDegraded && isTold ? ok(`ready, but for ${names}`) : warning(said, WHY)
    },
  }),
]
