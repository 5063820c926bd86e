import { text } from '../../xml/index.ts'
import { checkElements, requiredWord } from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'AccelerateConfiguration'

/** S3's transfer acceleration is OSS's, each at endpoints of its own. */
export const accelerate: BucketDocument = {
  root: ROOT,
  ossRoot: 'TransferAccelerationConfiguration',
  toOss(document) {
    checkElements(document, ROOT, ['Status'])
    return { Enabled: requiredWord(document, 'Status', ['Enabled', 'Suspended']) === 'Enabled' }
  },
  toS3: (document) => ({ Status: text(document, 'Enabled') === 'true' ? 'Enabled' : 'Suspended' }),
}
