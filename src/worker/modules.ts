import crc from '../bytes/crc.wasm'
import { useCrcModule } from '../bytes/crc-wasm.ts'
import { useXxhModule } from '../bytes/xxh.ts'
import xxh from '../bytes/xxh.wasm'

useCrcModule(crc)
useXxhModule(xxh)
