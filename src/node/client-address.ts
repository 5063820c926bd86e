import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Peer } from '../ports.ts'

/**
 * What a limit of one client address counts by: an IPv4 address itself; of an IPv6 address its network of 64 bits, since
 * one host may use any number of addresses in it (RFC 4291 2.5.1).
 * @param address as `socket.remoteAddress` gives it; undefined once the connection is closed.
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined || !address.includes(':')) return address ?? ''
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length)
  const [head = '', tail = ''] = address.split('::')
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'))
  const [before, behind] = [groupsOf(head), groupsOf(tail)]
  // What `::` leaves out is zero.
  const zeros = Array<string>(Math.max(0, 8 - before.length - behind.length)).fill('0')
  return [...before, ...zeros, ...behind].slice(0, 4).join(':')
}

/** Who is at the other end of a socket. IPv4 addresses stand without the prefix that a listener for both has for them. */
export function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? ''
  const version = (socket as Partial<TLSSocket>).getProtocol?.()
  return {
    address:
      address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address,
    tls: version ? { version, cipher: (socket as TLSSocket).getCipher().name } : undefined,
  }
}
