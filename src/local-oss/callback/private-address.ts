import { BlockList } from 'node:net'

/** Networks that are nobody's on the Internet (IANA's registry of special-purpose IPv4 addresses), and multicast. */
const PRIVATE = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4`

const networks = new BlockList()
for (const network of PRIVATE.split(/\s+/)) {
  const [address = '', bits] = network.split('/')
  networks.addSubnet(address, Number(bits))
}

/** Whether an IPv4 address leads to no server on the Internet. */
export const isPrivateAddress = (address: string): boolean => networks.check(address)
