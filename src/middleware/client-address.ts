/**
 * Whose share of a limit an address counts to: an IPv4 address is somebody's own, of an IPv6 address its network of 64
 * bits is, in which one host may use any number of addresses (RFC 4291 2.5.1).
 * @param address as `socket.remoteAddress` gives it; undefined once the connection is gone.
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined || !address.includes(':')) return address ?? ''
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length)
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  // What `::` leaves out is zero.
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length
  while (tail !== undefined && groups.length < 8 - behind) groups.push('0')
  return groups.slice(0, 4).join(':')
}
