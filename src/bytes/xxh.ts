/** The xxHashes that S3 knows, by its names. */
export type XxhName = 'XXHASH64' | 'XXHASH3' | 'XXHASH128'

/** A running hash: fed with bytes, read as a number. */
export type Xxh = { update(bytes: Uint8Array): void; digest(): bigint }

/** Places in the memory of `xxh.wat`. */
const BEGUN3 = 192
const BEGUN64 = 256
const STATE = 320
const BYTES = 512

const STATE_LENGTH = 64
/** How many of the bytes before those that are left XXH3 may still look at. */
const LOOK_BACK = 64
const STEP = 65_536

/** What `xxh.wat` exports: of bytes from a place up to an end, and of how many there were in all. */
type Exports = {
  memory: WebAssembly.Memory
  take3(from: number, end: number): number
  take64(from: number, end: number): number
  digest3(from: number, end: number, total: bigint): bigint
  digest64(from: number, end: number, total: bigint): bigint
  digest128(from: number, end: number, total: bigint): [low: bigint, high: bigint]
}

type Kind = {
  /** Where in memory is what a hash begins with. */
  begun: number
  take: 'take3' | 'take64'
  digest(wasm: Exports, from: number, end: number, total: bigint): bigint
}

const unsigned = (value: bigint) => BigInt.asUintN(64, value)

const kinds: Readonly<Record<XxhName, Kind>> = {
  XXHASH64: {
    begun: BEGUN64,
    take: 'take64',
    digest: (wasm, ...left) => unsigned(wasm.digest64(...left)),
  },
  XXHASH3: {
    begun: BEGUN3,
    take: 'take3',
    digest: (wasm, ...left) => unsigned(wasm.digest3(...left)),
  },
  XXHASH128: {
    begun: BEGUN3,
    take: 'take3',
    digest: (wasm, ...left) => {
      const [low, high] = wasm.digest128(...left)
      return (unsigned(high) << 64n) | unsigned(low)
    },
  },
}

/** `xxh.wasm`, compiled, and what runs of it: one for all hashes, which each keep their state. */
let compiled: WebAssembly.Module | undefined
let running: Exports | undefined

/** Takes `xxh.wasm` as the runtime has compiled it, as `useCrcModule` does `crc.wasm`. */
export function useXxhModule(module: WebAssembly.Module): void {
  compiled = module
}

/** An xxHash with a seed of zero; undefined where no module has been given. */
export function xxh(name: XxhName): Xxh | undefined {
  if (compiled === undefined) return undefined
  running ??= new WebAssembly.Instance(compiled).exports as Exports
  const wasm = running
  const memory = new Uint8Array(wasm.memory.buffer)
  const { begun, take, digest } = kinds[name]
  let state = memory.slice(begun, begun + STATE_LENGTH)
  // What is not taken yet, behind some of what is.
  let kept = new Uint8Array()
  let taken = 0
  let total = 0
  const resume = () => {
    memory.set(state, STATE)
    memory.set(kept, BYTES)
  }
  return {
    update(bytes) {
      for (let at = 0; at < bytes.length; at += STEP) {
        const piece = bytes.subarray(at, at + STEP)
        resume()
        memory.set(piece, BYTES + kept.length)
        const end = BYTES + kept.length + piece.length
        const left = wasm[take](BYTES + taken, end)
        const from = Math.max(BYTES, left - LOOK_BACK)
        state = memory.slice(STATE, STATE + STATE_LENGTH)
        kept = memory.slice(from, end)
        taken = left - from
        total += piece.length
      }
    },
    digest() {
      resume()
      return digest(wasm, BYTES + taken, BYTES + kept.length, BigInt(total))
    },
  }
}
