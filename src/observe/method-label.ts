const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'])

/** A request's method for metrics: `_OTHER` for those that clients make up, as the semantic conventions of OpenTelemetry have it. */
export const methodLabel = (method: string): string => (methods.has(method) ? method : '_OTHER')
