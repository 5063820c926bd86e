import { text } from '../../xml/index.ts'
import { checkElements, requiredWord } from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'RequestPaymentConfiguration'

/** The same on both sides. */
export const requestPayment: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, ['Payer'])
    return { Payer: requiredWord(document, 'Payer', ['Requester', 'BucketOwner']) }
  },
  toS3: (document) => ({ Payer: text(document, 'Payer') ?? 'BucketOwner' }),
}
