import module from '../bytes/crc.wasm'
import { useCrcModule } from '../bytes/crc-wasm.ts'

useCrcModule(module)
