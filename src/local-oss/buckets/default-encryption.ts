import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { checkEncryption, encryptionProperty } from '../objects/object-properties.ts'
import type { BucketRecord, Encryption } from '../store/records.ts'

/**
 * What a `ServerSideEncryptionRule` says. An element that has no text says nothing; only KMS has a data encryption, which
 * others pass over (a test of the Python SDK).
 * @throws OssError MalformedXML, InvalidEncryptionAlgorithmError, InvalidDataEncryptionAlgorithmError, InvalidArgument.
 */
export function encryptionOf(root: XmlNode): Encryption {
  const [rule] = children(root, 'ApplyServerSideEncryptionByDefault')
  const word = (name: string) => (rule && text(rule, name)) || undefined
  const algorithm = word('SSEAlgorithm')
  const dataEncryption = algorithm === 'KMS' ? word('KMSDataEncryption') : undefined
  const keyId = word('KMSMasterKeyID')
  const encryption = checkEncryption(algorithm, dataEncryption, keyId)
  if (encryption === undefined) throw new OssError('MalformedXML')
  // A test of the Python SDK; beside an object's headers a key id is passed over.
  if (keyId !== undefined && encryption.keyId === undefined)
    throw invalidArgument('A key id is only valid with KMS.', 'KMSMasterKeyID', keyId)
  return encryption
}

/** The bucket with another default encryption, or with none. */
export function withEncryption(
  { encryption: _, ...bucket }: BucketRecord,
  encryption: Encryption | undefined,
): BucketRecord {
  return { ...bucket, ...encryptionProperty(encryption) }
}

/** The document of a default encryption. */
export const encryptionTree = ({ algorithm, dataEncryption, keyId }: Encryption): XmlTree => ({
  ApplyServerSideEncryptionByDefault: {
    SSEAlgorithm: algorithm,
    KMSDataEncryption: dataEncryption,
    KMSMasterKeyID: keyId,
  },
})
