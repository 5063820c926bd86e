import { expect, test } from 'vitest'
import { blockListOf, clientAddressOf, clientNetwork } from '../../src/node/client-address.ts'

test.each<[address: string | undefined, network: string]>([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['2001:db8::3:4:5:6', '2001:db8:0:0'],
  ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  [undefined, ''],
])('%s counts to %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network)
})

const trusted = blockListOf(['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'])

test.each<[what: string, remote: string, forwardedFor: string | undefined, address: string]>([
  ['no proxy', '203.0.113.5', '198.51.100.7', '203.0.113.5'],
  ['no proxy, of a zone', 'fe80::1%eth0', undefined, 'fe80::1'],
  ['a trusted proxy', '10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['a trusted proxy, mapped', '::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['a trusted proxy of one address', '192.0.2.1', '198.51.100.7', '198.51.100.7'],
  ['a trusted proxy by IPv6', '2001:db8::1', '2001:4860::8', '2001:4860::8'],
  ['what a client has made up before it', '10.1.2.3', '1.1.1.1, 127.0.0.1,198.51.100.7', '198.51.100.7'],
  ['several trusted proxies', '10.1.2.3', '1.1.1.1, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
  ['only trusted addresses', '10.1.2.3', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  ['ports', '10.1.2.3', '198.51.100.7:4711', '198.51.100.7'],
  ['ports of IPv6', '10.1.2.3', '[2001:4860::8]:4711', '2001:4860::8'],
  ['no address', '10.1.2.3', '198.51.100.7, unknown', '10.1.2.3'],
  ['an empty header', '10.1.2.3', '', '10.1.2.3'],
  ['no header', '10.1.2.3', undefined, '10.1.2.3'],
])('of %s: %s, %j is %s', (_, remote, forwardedFor, address) => {
  expect(clientAddressOf(remote, forwardedFor, trusted)).toBe(address)
})

test('without trusted proxies nothing is believed', () => {
  expect(clientAddressOf('10.1.2.3', '198.51.100.7', undefined)).toBe('10.1.2.3')
})
