import { oneProcess } from './race-setups.ts'
import { testWriteRaces } from './write-races.ts'

// Through Workers and several gateways, which takes far longer: test/limits/write-races.test.ts.
testWriteRaces(oneProcess)
