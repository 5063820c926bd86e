/**
 * How this OSS answers where OSS's documents and the suites that run against the real service disagree, or the evidence is
 * thin. What relies on one of them is tested with both.
 */
export type Readings = {
  /**
   * Whether an unversioned object that is copied onto itself keeps its metadata where the request has none of its own (a test of
   * the Python SDK). Otherwise it takes the request's, whatever the directive says (OSS's documents of 2018 and 2021).
   */
  selfCopyKeepsMetadata: boolean
  /**
   * Whether an object that is copied onto itself keeps its ACL where the request names none (tests of ossutil). Otherwise it has
   * its bucket's, as every other copy.
   */
  selfCopyKeepsAcl: boolean
  /**
   * Whether a CopyObject may have `If-Match` and the like beside its own condition of the same name, which alone counts
   * (tests of ali-oss). Otherwise it is refused, as other writes are (EC 0017-00000245).
   */
  copyIgnoresWriteConditions: boolean
  /**
   * Whether an object uploaded in parts has the ACL that InitiateMultipartUpload was given, where CompleteMultipartUpload is given
   * none. OSS takes the header there (tests of the Python and Java SDKs), and its documents know it on completion alone.
   */
  initiatedAclCounts: boolean
  /**
   * Whether a signed GET of a missing object sees its bucket's website: rules, and pages of directories (a test of the Python
   * SDK). Otherwise only requests that nobody signed do, as OSS's documents say of the root.
   */
  signedReadsSeeWebsite: boolean
  /**
   * Whether GetObject tells an object's retention and legal hold in headers. HeadObject does (a suite of multicloudj against the
   * service); no document names them.
   */
  getTellsLock: boolean
  /**
   * Whether GetObjectRetention answers for an object without one with a document of empty elements (OSS's documents).
   * Otherwise with a 404 (the suite of multicloudj).
   */
  noRetentionIsEmpty: boolean
  /**
   * Whether a lifecycle rule may delete from a `Date` on, as the Go SDK has it and advises against, and ali-oss in the older form of
   * rules. Otherwise that is refused (EC 0014-00000056).
   */
  expirationTakesDate: boolean
}

/** Those of the newest suites. */
export const newestReadings: Readings = {
  selfCopyKeepsMetadata: true,
  selfCopyKeepsAcl: true,
  copyIgnoresWriteConditions: true,
  initiatedAclCounts: false,
  signedReadsSeeWebsite: true,
  getTellsLock: true,
  noRetentionIsEmpty: false,
  expirationTakesDate: true,
}
