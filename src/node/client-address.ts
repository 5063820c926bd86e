import { BlockList, isIP, isIPv6, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Peer } from '../ports.ts'

/** An address without the prefix that a listener for both has for one of IPv4, and without the zone of one of IPv6. */
function bareAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

/**
 * What a limit of one client address counts by: an IPv4 address itself; of an IPv6 address its network of 64 bits, since
 * one host may use any number of addresses in it (RFC 4291 2.5.1).
 * @param address as `socket.remoteAddress` gives it; undefined once the connection is closed.
 */
export function clientNetwork(address: string | undefined): string {
  const bare = bareAddress(address ?? '')
  if (!bare.includes(':')) return bare
  const [head = '', tail = ''] = bare.split('::')
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'))
  const [before, behind] = [groupsOf(head), groupsOf(tail)]
  // What `::` leaves out is zero.
  const zeros = Array<string>(Math.max(0, 8 - before.length - behind.length)).fill('0')
  return [...before, ...zeros, ...behind].slice(0, 4).join(':')
}

/** Addresses and networks, as `trustedProxies` of the settings has them. @throws Error for one that is none. */
export function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

const isIn = (list: BlockList, address: string) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** An entry of X-Forwarded-For without its port; undefined where it is no address. */
function forwardedAddress(entry: string): string | undefined {
  const text = entry.trim()
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 ? undefined : bareAddress(bare)
}

/**
 * The address of a client: that of its connection, or where this is a trusted proxy's, the last in X-Forwarded-For that
 * is none's. What stands before that may be made up.
 */
export function clientAddressOf(
  remoteAddress: string | undefined,
  forwardedFor: string | undefined,
  trusted: BlockList | undefined,
): string {
  let address = bareAddress(remoteAddress ?? '')
  if (trusted === undefined || forwardedFor === undefined) return address
  for (const entry of forwardedFor.split(',').reverse()) {
    if (address === '' || !isIn(trusted, address)) return address
    const before = forwardedAddress(entry)
    if (before === undefined) return address
    address = before
  }
  return address
}

/** How connections are encrypted that stay so: TLS 1.3 has no renegotiation. Asked of each request it would cost microseconds. */
const lasting = new WeakMap<Socket, NonNullable<Peer['tls']>>()

/** How a socket is encrypted, if it is. */
export function tlsOf(socket: Socket): Peer['tls'] {
  if (!('getProtocol' in socket)) return undefined
  const known = lasting.get(socket)
  if (known !== undefined) return known
  const secured = socket as TLSSocket
  const version = secured.getProtocol()
  if (!version) return undefined
  const tls = { version, cipher: secured.getCipher().name }
  if (version === 'TLSv1.3') lasting.set(socket, tls)
  return tls
}
