import * as v from 'valibot'
import { parse as parseYaml } from 'yaml'
import { s3StorageClasses } from './translate/storage-class.ts'

const bytes = v.pipe(v.number(), v.integer(), v.minValue(1))
const count = v.pipe(v.number(), v.integer(), v.minValue(1))
/** Longer than Node's timers can wait, a limit would strike at once. */
const seconds = v.pipe(v.number(), v.minValue(0.1), v.maxValue(1_000_000))
const ossClass = v.picklist(['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'])
const reroute = v.optional(v.picklist(['reroute', 'reject']), 'reroute')

/** The settings document: everything that is not a plain environment variable. Sizes are bytes, times seconds. */
const documentSchema = v.strictObject({
  /** Further clients; `S3_ACCESS_KEY_ID` is always one without limits. */
  clients: v.optional(
    v.array(
      v.strictObject({
        accessKeyId: v.pipe(v.string(), v.nonEmpty()),
        secretAccessKey: v.pipe(v.string(), v.nonEmpty()),
        buckets: v.optional(v.array(v.string())),
        prefixes: v.optional(v.array(v.string())),
        readOnly: v.optional(v.boolean(), false),
      }),
    ),
    [],
  ),
  /** S3 access point name → bucket, for copy sources given as ARNs. */
  accessPoints: v.optional(v.record(v.string(), v.string()), {}),
  acl: v.optional(
    v.strictObject({
      /** What a write without an ACL gets: `private` as in S3, or `inherit`: what the bucket says, as in OSS. */
      default: v.optional(v.picklist(['private', 'inherit']), 'private'),
    }),
    {},
  ),
  storageClass: v.optional(
    v.strictObject({
      /** What a write without a class gets: `bucket` (the bucket's class), or an S3 class. */
      default: v.optional(v.picklist(['bucket', ...s3StorageClasses]), 'bucket'),
      map: v.optional(v.record(v.string(), ossClass), {}),
    }),
    {},
  ),
  /** Conditions on the destination that OSS cannot hold: refuse them, or look first and then write. */
  conditionalWrites: v.optional(v.picklist(['refuse', 'best-effort']), 'refuse'),
  /** How much one process takes on; what comes on top is told to slow down. Node only: Workers are bounded by the platform. */
  limits: v.optional(
    v.strictObject({
      /** Requests worked on at a time, */
      inFlight: v.optional(count, 1024),
      /** how many more may wait for their turn, */
      waiting: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 512),
      /** and for how long. */
      waitingTime: v.optional(seconds, 5),
    }),
    {},
  ),
  timeouts: v.optional(
    v.strictObject({
      /** From the signal to stop until requests in flight are given up; Node only. */
      stop: v.optional(seconds, 22),
      /** Of those who ask; Node only. */
      client: v.optional(
        v.strictObject({
          /** From a connection's (or the next request's) first moment to the end of the header. */
          headers: v.optional(seconds, 30),
          /** In which a body has to move, whichever way it goes. */
          idle: v.optional(seconds, 60),
          /** A connection between two requests; longer than a load balancer keeps it. */
          keepAlive: v.optional(seconds, 75),
          /** A whole request with its answer. */
          total: v.optional(seconds, 86_400),
        }),
        {},
      ),
      /** Of OSS. */
      oss: v.optional(
        v.strictObject({
          connect: v.optional(seconds, 10),
          /** From the end of a request, its body included, to the header of the answer. */
          headers: v.optional(seconds, 60),
          /** In which an answer's body has to move. */
          idle: v.optional(seconds, 60),
          /** A whole request with its answer. */
          total: v.optional(seconds, 86_400),
        }),
        {},
      ),
    }),
    {},
  ),
  copy: v.optional(
    v.strictObject({
      oversize: reroute,
      crossRegion: reroute,
      appendable: reroute,
      symlink: reroute,
      /** Larger sources are refused, in S3's words; S3's own limit is 5 GiB. */
      maxSize: v.optional(bytes, 5 * 1024 ** 3),
      /** Parts of a rerouted copy: their size, and how many at a time. */
      partSize: v.optional(v.pipe(bytes, v.minValue(100 * 1024), v.maxValue(1024 ** 3)), 128 * 1024 ** 2),
      parallel: v.optional(v.pipe(count, v.maxValue(64)), 8),
      /** When a long copy's answer begins, with spaces to keep the connection alive; 0 is never. */
      keepAliveAfter: v.optional(v.pipe(v.number(), v.minValue(0)), 10),
      /** What one call to OSS may take in a rerouted copy, besides a second for each MiB it moves. */
      timeout: v.optional(v.pipe(v.number(), v.minValue(0.1)), 60),
      /** Requests to OSS that one copy may make, where the platform limits them (Workers: 50 free, 1000 paid). */
      maxRequests: v.optional(v.pipe(v.number(), v.integer(), v.minValue(10))),
    }),
    {},
  ),
})
export type Document = v.InferOutput<typeof documentSchema>

/**
 * The text of the settings document → its settings, defaults filled in.
 * @param problems what is wrong is added here, a line each.
 */
export function parseDocument(text: string | undefined, problems: string[]): Document {
  const defaults = v.parse(documentSchema, {})
  if (text === undefined || text.trim() === '') return defaults
  let raw: unknown
  try {
    raw = parseYaml(text)
  } catch (error) {
    problems.push(`GATEWAY_CONFIG is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`)
    return defaults
  }
  const result = v.safeParse(documentSchema, raw ?? {})
  if (result.success) return result.output
  for (const issue of result.issues) {
    const unknown = issue.kind === 'schema' && issue.expected === 'never'
    const what = unknown ? 'there is no such setting' : issue.message
    problems.push(`GATEWAY_CONFIG: ${v.getDotPath(issue) ?? 'the document'}: ${what}`)
  }
  return defaults
}
