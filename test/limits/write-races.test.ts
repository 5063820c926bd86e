import { severalGateways } from '../node/race-setups.ts'
import { testWriteRaces } from '../node/write-races.ts'

testWriteRaces(severalGateways)
