/** Below it, in each bucket, the gateway keeps what OSS has no place for. No client sees it or writes there. */
export const RESERVED_PREFIX = '.s3-oss-gateway/'
