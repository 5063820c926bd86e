/** A network, or one address. @property bits of the address that count, from its first. */
type Range = { address: bigint; width: 32 | 128; bits: number }

/**
 * Whether an address is in a network; one of IPv4 is in none of IPv6.
 * @param address without a zone. @param network as `10.0.0.0/8`, or one address. Texts that are none match nothing.
 */
export function isInNetwork(address: string, network: string): boolean {
  const [asked, range] = [parseRange(address), parseRange(network)]
  if (asked === undefined || range === undefined || asked.width !== range.width) return false
  const rest = BigInt(range.width - range.bits)
  return asked.address >> rest === range.address >> rest
}

function parseRange(text: string): Range | undefined {
  const [address = '', bits] = text.split('/')
  const [width, groups] = address.includes(':')
    ? ([128, groupsOfV6(address)] as const)
    : ([32, groupsOfV4(address)] as const)
  if (groups === undefined) return undefined
  const value = groups.reduce((all, group) => (all << BigInt(width / groups.length)) | BigInt(group), 0n)
  return { address: value, width, bits: bits === undefined ? width : Number(bits) }
}

/** `10.0.0.1` → its four numbers. */
function groupsOfV4(address: string): number[] | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return undefined
  const groups = address.split('.').map(Number)
  return groups.every((group) => group < 256) ? groups : undefined
}

/** `fe80::1` → its eight numbers. */
function groupsOfV6(address: string): number[] | undefined {
  if (!URL.canParse(`http://[${address}]/`)) return undefined
  // In its canonical form none of it is written as IPv4.
  const [before = '', behind] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const [head, tail] = [before, behind ?? ''].map((part) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)),
  ) as [number[], number[]]
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}
