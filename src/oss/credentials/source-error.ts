/** Why a source of keys gives none: without a secret, and the same text for the same reason. */
export class SourceError extends Error {
  override name = 'SourceError'
  /** The source's id of the request, where it has one. */
  readonly requestId: string | undefined

  constructor(message: string, requestId?: string) {
    super(message)
    this.requestId = requestId
  }
}
