import * as v from 'valibot'
import { MAX_COPIED_PART_BYTES, MIN_PART_BYTES } from '../oss/limits.ts'
import { s3StorageClasses } from '../translate/storage-class.ts'
import { parsed, parseSeconds, parseSize, parseWhole, SIZE, TIME } from './values.ts'

/** Seconds that AWS's STS makes keys valid for, at least and at most. */
export const LEAST_SESSION = 900
const MOST_SESSION = 129_600

const TiB = 1024 ** 4

const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  parsed(parseWhole, least, most, `a whole number ${range(least, most)}`)
const size = (least: number, most: number) => parsed(parseSize, least, most, `${SIZE}; ${range(least, most)}`)
const time = (least: number, most: number) =>
  parsed(parseSeconds, least, most, `${TIME}; ${range(least, most)}`)
const range = (least: number, most: number) =>
  most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
/** Longer than Node's timers can wait, a limit would strike at once. */
const LONGEST = 1_000_000
const seconds = time(0.1, LONGEST)
const flag = v.pipe(
  v.picklist(['true', 'false']),
  v.transform((text) => text === 'true'),
)
const ossClass = v.picklist(['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'])
/** Kinds of operations that a client can be limited to; which is of which: operations/kinds.ts. */
const operationKinds = ['objects', 'buckets', 'bucketSettings', 'acls', 'policies'] as const
const text = v.optional(v.string())
const reroute = v.optional(v.picklist(['reroute', 'reject']), 'reroute')

/** Where the key of an upstream comes from: as OSS_CREDENTIALS, whose `environment` is `key` here. */
const keySources = ['key', 'ecs-ram-role', 'rrsa', 'assume-role', 'uri', 'profile'] as const
/** The parts of a key, each as it is, in a file, or in a variable of the environment. */
const keyFields = [
  ...(['accessKeyId', 'accessKeyIdFile', 'accessKeyIdVariable'] as const),
  ...(['accessKeySecret', 'accessKeySecretFile', 'accessKeySecretVariable'] as const),
  ...(['securityToken', 'securityTokenFile', 'securityTokenVariable'] as const),
]
/** What else says where a key comes from. */
const sourceFields = [
  ...(['roleArn', 'roleSessionName', 'stsEndpoint', 'oidcProviderArn', 'oidcTokenFile'] as const),
  ...(['ecsRoleName', 'uri', 'profile', 'profileFile'] as const),
]
/** A text, or nothing, under each of these names. */
const namedTexts = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, text])) as Record<Name, typeof text>

/** The settings document: everything that is not a plain environment variable. Every value comes as its text. */
export const documentSchema = v.object({
  /** Further clients; `S3_ACCESS_KEY_ID` is always one without limits. */
  clients: v.optional(
    v.array(
      v.pipe(
        v.object({
          accessKeyId: v.string(),
          /** One secret, or two while clients change from one to the other. */
          secretAccessKey: v.optional(v.string()),
          secretAccessKeys: v.optional(v.array(v.string())),
          /** Or the file in which they stand, a line each. */
          secretAccessKeyFile: v.optional(v.string()),
          /** Where its buckets are, unless `buckets` of the document says otherwise; absent: the upstream of the environment. */
          upstream: v.optional(v.string()),
          buckets: v.optional(v.array(v.string())),
          prefixes: v.optional(v.array(v.string())),
          readOnly: v.optional(flag, 'false'),
          operations: v.optional(v.array(v.picklist(operationKinds))),
          limits: v.optional(
            v.object({
              /** Requests worked on at a time, instead of `limits.perKey`, */
              inFlight: v.optional(whole(1)),
              /** and begun in a second. */
              rate: v.optional(whole(1)),
            }),
          ),
        }),
        v.forward(
          v.partialCheck(
            [['secretAccessKey'], ['secretAccessKeys'], ['secretAccessKeyFile']],
            (one) => (one.secretAccessKey ?? one.secretAccessKeys ?? one.secretAccessKeyFile) !== undefined,
            'it is missing',
          ),
          ['secretAccessKey'],
        ),
      ),
    ),
    [],
  ),
  /** The gateway's own STS, which gives clients short-lived keys of their own; absent: it gives none. */
  sts: v.optional(
    v.pipe(
      v.object({
        /** What those are made of: one secret, or two while gateways change from one to the other; the first makes new ones. */
        secrets: v.optional(v.array(v.string())),
        /** Or the file in which they stand, a line each. */
        secretsFile: v.optional(v.string()),
        /** The longest that one may be valid. */
        maxDuration: v.optional(time(LEAST_SESSION, MOST_SESSION), '12h'),
      }),
      v.forward(
        v.partialCheck(
          [['secrets'], ['secretsFile']],
          ({ secrets, secretsFile }) => (secrets ?? secretsFile) !== undefined,
          'it is missing',
        ),
        ['secrets'],
      ),
    ),
  ),
  /** Further accounts and endpoints of OSS by name, beside that of the environment (`OSS_…`), which has none. */
  upstreams: v.optional(
    v.record(
      v.string(),
      v.object({
        /** As OSS_REGION, OSS_ENDPOINT and `endpoints` say of the other. */
        region: text,
        endpoint: text,
        endpoints: v.optional(v.record(v.string(), v.string()), {}),
        /** Which key is used there; what each name stands for in the environment: config/upstreams.ts. */
        credentials: v.object({
          from: v.optional(v.picklist(keySources), 'key'),
          ...namedTexts(keyFields),
          ...namedTexts(sourceFields),
        }),
      }),
    ),
    {},
  ),
  /** Names of buckets that are others, or parts of others, in OSS. */
  buckets: v.optional(
    v.record(
      v.string(),
      v.object({
        /** Absent: that of the environment. */
        upstream: text,
        /** Absent: of the same name. */
        bucket: text,
        /** What its keys have in front of them there, with `/` at its end. */
        prefix: v.optional(v.string(), ''),
      }),
    ),
    {},
  ),
  /** S3 access point name → bucket, for copy sources given as ARNs. */
  accessPoints: v.optional(v.record(v.string(), v.string()), {}),
  /** Bucket → the custom domain (CNAME) that is bound to it, by which alone it is asked. */
  endpoints: v.optional(v.record(v.string(), v.string()), {}),
  acl: v.optional(
    v.object({
      /** What a write without an ACL gets: `private` as in S3, or `inherit`: what the bucket says, as in OSS. */
      default: v.optional(v.picklist(['private', 'inherit']), 'private'),
      /** Whether ACLs count, as they do in OSS, or are off, as they are in S3 by default: no request may set one. */
      ownership: v.optional(v.picklist(['ObjectWriter', 'BucketOwnerEnforced']), 'ObjectWriter'),
    }),
    {},
  ),
  storageClass: v.optional(
    v.object({
      /** What a write without a class gets: `bucket` (the bucket's class), or an S3 class. */
      default: v.optional(v.picklist(['bucket', ...s3StorageClasses]), 'bucket'),
      map: v.optional(v.record(v.string(), ossClass), {}),
    }),
    {},
  ),
  /**
   * Conditions on what is written that OSS cannot hold: refuse them, or hold them among the requests of one process, or
   * among all gateways, by a lock in OSS.
   */
  conditionalWrites: v.optional(v.picklist(['refuse', 'process', 'lock']), 'lock'),
  /** Whether it is kept where the parts of an object begin and end (one more call for an upload of several parts). */
  storeParts: v.optional(flag, 'true'),
  /** What becomes of requests that nobody has signed: they are refused, or forwarded unsigned, for OSS to decide. */
  anonymous: v.optional(v.picklist(['deny', 'forward']), 'deny'),
  /** The buckets that such requests may name; absent: all that OSS has, those of other accounts too. */
  anonymousBuckets: v.optional(v.array(v.string())),
  /** Whether checksums are kept that OSS has no room for at the time (one more call for each part, and for long uploads). */
  storeChecksums: v.optional(flag, 'false'),
  /** Whether browsers may upload by a form with a signed policy (POST Object). */
  postForms: v.optional(flag, 'true'),
  /** Whether Signature Version 2 is taken besides 4: in headers, presigned URLs and forms. */
  signatureV2: v.optional(flag, 'true'),
  /** Whether browsers of other origins are answered by the bucket's CORS rules. */
  cors: v.optional(flag, 'true'),
  /** A line for each request. */
  accessLog: v.optional(
    v.object({
      /** `off`, `stdout`, or, on Node, the path of a file, which is opened again at SIGHUP, or `oss://BUCKET/PREFIX`. */
      to: v.optional(v.string(), 'off'),
      /** JSON, or S3's server access log format. */
      format: v.optional(v.picklist(['json', 's3']), 'json'),
    }),
    {},
  ),
  /** What spans of OpenTelemetry tell, where an SDK of it is loaded. Node only. */
  traces: v.optional(
    v.object({
      /** Whether they name objects' keys. */
      keys: v.optional(flag, 'false'),
    }),
    {},
  ),
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. Node only. */
  trustedProxies: v.optional(v.array(v.string()), []),
  /** How much one process takes on; what comes on top is told to slow down. Node only: Workers are bounded by the platform. */
  limits: v.optional(
    v.object({
      /** Signed requests worked on at a time, */
      inFlight: v.optional(whole(1), '1024'),
      /** those of one access key, where others need the rest (absent: half of them), */
      perKey: v.optional(whole(1)),
      /** those of one client address (absent: half of them), */
      perAddress: v.optional(whole(1)),
      /** how many more may wait for their turn, */
      waiting: v.optional(whole(0), '512'),
      /** and for how long. */
      waitingTime: v.optional(seconds, '5'),
      /** Connections in all, */
      connections: v.optional(whole(1), '10000'),
      /** and of one address; absent: as many as in all, for behind a balancer all are of one. */
      connectionsPerAddress: v.optional(whole(1)),
      /** Requests worked on at a time that nobody has signed, beside the signed ones; of one address half of them. */
      anonymous: v.optional(whole(1), '128'),
      /** At a time: forms whose fields, and so whose signature, are still to come; and as many requests to STS. */
      forms: v.optional(whole(1), '64'),
    }),
    {},
  ),
  timeouts: v.optional(
    v.object({
      /** From SIGTERM on, how long requests are still taken while health checks say no; absent: 5 in a container, else 0; Node only. */
      drain: v.optional(time(0, LONGEST)),
      /** From then until requests in flight are given up; Node only. */
      stop: v.optional(seconds, '22'),
      /** Of those who ask; Node only. */
      client: v.optional(
        v.object({
          /** From a connection's (or the next request's) first moment to the end of the header. */
          headers: v.optional(seconds, '30'),
          /** In which a body has to move, whichever way it goes. */
          idle: v.optional(seconds, '60'),
          /** A connection between two requests; longer than a load balancer keeps it. */
          keepAlive: v.optional(seconds, '75'),
          /** A whole request with its answer. */
          total: v.optional(seconds, '86400'),
        }),
        {},
      ),
      /** Of OSS. */
      oss: v.optional(
        v.object({
          connect: v.optional(seconds, '10'),
          /** From the end of a request, its body included, to the header of the answer. */
          headers: v.optional(seconds, '60'),
          /** In which an answer's body has to move. */
          idle: v.optional(seconds, '60'),
          /** A whole request with its answer. */
          total: v.optional(seconds, '86400'),
        }),
        {},
      ),
    }),
    {},
  ),
  copy: v.optional(
    v.object({
      oversize: reroute,
      crossRegion: reroute,
      crossUpstream: reroute,
      appendable: reroute,
      symlink: reroute,
      /** Larger sources are refused, in S3's words; S3's own limit is 5 GiB. */
      maxSize: v.optional(size(1, 48.8 * TiB), '5GiB'),
      /** Parts of a rerouted copy: their size, and how many at a time. */
      partSize: v.optional(size(MIN_PART_BYTES, MAX_COPIED_PART_BYTES), '128MiB'),
      parallel: v.optional(whole(1, 64), '8'),
      /** When a long copy's answer begins, with spaces to keep the connection alive; 0 is never. */
      keepAliveAfter: v.optional(time(0, LONGEST), '10'),
      /** What one call to OSS may take in a rerouted copy, besides a second for each MiB it moves. */
      timeout: v.optional(seconds, '60'),
      /** Requests to OSS that one copy may make, where the platform limits them; Workers have a default (`withinPlan`). */
      maxRequests: v.optional(whole(10)),
    }),
    {},
  ),
})

export type OperationKind = (typeof operationKinds)[number]
/** The settings document, parsed. */
export type Document = v.InferOutput<typeof documentSchema>
