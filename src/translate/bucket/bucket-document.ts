import type { OssError } from '../../oss/error.ts'
import type { S3Error, S3ErrorCode } from '../../s3/error.ts'
import type { XmlNode, XmlTree } from '../../xml/index.ts'
import type { StorageClassMap } from '../storage-class.ts'

/** Settings of the gateway that documents are translated by. */
export type DocumentSettings = { storageClasses: StorageClassMap }

/** A document that a bucket has at most one of, in both services. */
export type BucketDocument = {
  /** S3's root element. */
  root: string
  ossRoot: string
  /**
   * @returns undefined when the client's document says that there is to be none.
   * @throws S3Error MalformedXML; NotImplemented naming what OSS cannot say.
   */
  toOss(document: XmlNode, settings: DocumentSettings): XmlTree | undefined
  /**
   * The same without what only remembers how the client put it, for an OSS that does not take that.
   * @returns undefined where there is nothing of the kind.
   */
  withoutHints?(content: XmlTree): XmlTree | undefined
  /** What S3 says where OSS has refused the document; undefined: what that error becomes by itself. */
  refused?(error: OssError): S3Error | undefined
  /**
   * @returns the code of S3's error where the document says that there is none.
   * @throws S3Error NotImplemented naming what S3 cannot say.
   */
  toS3(document: XmlNode): XmlTree | S3ErrorCode
}
