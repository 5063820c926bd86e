import type { Origin } from '../../../oss/regions.ts'
import { asking, type Facts, ok, type Step, type Verdict, warning, wrong } from '../check.ts'
import { type Certificate, isSilent } from '../http-response.ts'

/** Whom a connection is to: the gateway, or OSS, by one of their names. */
export type Side = {
  about: string
  /** Without whose success nothing is to be asked; absent: none. */
  needs?: readonly string[]
  /** The name that the certificate has to be for is the host's, unless it says otherwise. */
  origin(facts: Facts): Origin & { name?: string }
  /** What to look at when it cannot be reached. @param code Node's, or `TIMEOUT`. */
  unreachable(facts: Facts, code: string): string
  /** Whose certificate it is. */
  certificate: string
}

const DAY = 86_400_000
/** Certificates are renewed some weeks before they expire: one that was not is soon forgotten. */
const SOON = 14 * DAY

const hostOf = ({ host }: Origin) => host.replace(/:\d+$/, '')
const date = (time: number) => new Date(time).toISOString().slice(0, 10)

/** Name, connection and certificate of one side. */
export const connectionChecks = ({ about, needs = [], origin, unreachable, certificate }: Side): Step[] => [
  asking<'name'>({
    about,
    name: 'name',
    does: 'looks up the addresses of the endpoint',
    means: 'nobody finds it',
    needs,
    ask: (facts) => ({ of: 'name', host: hostOf(origin(facts)) }),
    judge(answer, facts) {
      if (!('silence' in answer)) return ok(answer.addresses.join(', '))
      return wrong(
        `${hostOf(origin(facts))} has no address: ${answer.silence}`,
        unreachable(facts, answer.code),
      )
    },
  }),
  asking<'connection'>({
    about,
    name: 'connection',
    does: 'connects to it',
    means: 'nobody reaches it',
    needs: ['name'],
    ask: (facts) => connectionTo(origin(facts)),
    judge(answer, facts) {
      if (!isSilent(answer)) return ok(`${origin(facts).protocol}//${origin(facts).host} takes connections`)
      return wrong(
        `${origin(facts).host} takes no connection: ${answer.silence}`,
        unreachable(facts, answer.code),
      )
    },
  }),
  asking<'connection'>({
    about,
    name: 'certificate',
    does: 'looks at its certificate: its name, its dates, who has signed it',
    means: 'clients refuse a connection whose certificate is not valid',
    needs: ['connection'],
    ask: (facts) => connectionTo(origin(facts)),
    judge(answer, { now }) {
      if (isSilent(answer)) return wrong(`the connection broke: ${answer.silence}`, 'try again')
      return judgeCertificate(answer.certificate, now, certificate)
    },
  }),
]

function connectionTo(origin: Origin & { name?: string }) {
  return { of: 'connection', origin, name: origin.name ?? hostOf(origin) } as const
}

/** @param whose where the certificate comes from, for advice. */
function judgeCertificate(certificate: Certificate | undefined, now: number, whose: string): Verdict {
  if (certificate === undefined) return ok('none: the connection is not encrypted')
  const { validFrom, validTo, otherName, untrusted } = certificate
  if (validTo < now) return wrong(`it has expired, on ${date(validTo)}`, `renew ${whose}`)
  if (validFrom > now) return wrong(`it is not valid before ${date(validFrom)}`, `replace ${whose}`)
  if (otherName !== undefined) return wrong(`it is for another name: ${otherName}`, `replace ${whose}`)
  if (untrusted !== undefined) {
    return wrong(
      `nobody whom this machine trusts has signed it (${untrusted})`,
      `replace ${whose}, or tell clients whose authority it is (doctor by NODE_EXTRA_CA_CERTS)`,
    )
  }
  if (validTo - now < SOON) return warning(`it expires soon, on ${date(validTo)}`, `renew ${whose}`)
  return ok(`valid until ${date(validTo)}`)
}
