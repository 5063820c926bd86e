/** What a bucket policy says of a request: a denial stands above all else, and a permission above the ACLs. */
export type Verdict = 'allow' | 'deny' | 'none'

/** A request as a bucket policy sees it. */
export type PolicyRequest = {
  /** The caller's account; undefined for an unsigned request. */
  principal: string | undefined
  /** As in `oss:GetObject`. */
  action: string
  /** `acs:oss:*:ACCOUNT:bucket` or `acs:oss:*:ACCOUNT:bucket/key`; the account is the bucket's owner. */
  resource: string
  /** By condition key, as in `acs:UserAgent` and `oss:Prefix`. */
  conditions: Readonly<Record<string, string>>
}

/** The verdict of a policy document. Policies are kept and not yet evaluated: none has one. */
export function verdict(_document: string, _request: PolicyRequest): Verdict {
  return 'none'
}
