/** A document that S3 does not take: what it is, where it is put, and what S3 says. */
export type RefusedDocument = readonly [
  name: string,
  query: string,
  body: string,
  code: string,
  message?: string,
]

const times = (count: number, make: (at: number) => string) => Array.from({ length: count }, (_, at) => make(at)).join('')
const E = (name: string, inner: string | number = '') => `<${name}>${inner}</${name}>`

const XML = 'The XML you provided was not well-formed or did not validate against our published schema'
const lifecycle = (...rules: string[]) => E('LifecycleConfiguration', rules.map((rule) => E('Rule', rule)).join(''))
const on = E('Status', 'Enabled')
const all = E('Filter', E('Prefix'))
const expire = E('Expiration', E('Days', 30))
const move = (days: number | string, to: string, age = 'Days') => E('Transition', E(age, days) + E('StorageClass', to))
const tag = (key: string, value = 'v') => E('Tag', E('Key', key) + E('Value', value))
const rule = (inner: string) => lifecycle(all + on + inner)

const lifecycles: RefusedDocument[] = [
  ['an ID of 256 characters', 'lifecycle', rule(E('ID', 'i'.repeat(256)) + expire), 'InvalidArgument', 'ID length should not exceed allowed limit of 255'],
  ['one ID twice', 'lifecycle', lifecycle(E('ID', 'a') + all + on + expire, E('ID', 'a') + all + on + expire), 'InvalidArgument', 'Rule ID must be unique. Found same ID for more than one rule'],
  ['1001 rules', 'lifecycle', E('LifecycleConfiguration', times(1001, (at) => E('Rule', E('ID', at) + all + on + expire))), 'MalformedXML', XML],
  ['no rule', 'lifecycle', E('LifecycleConfiguration'), 'MalformedXML', XML],
  ['no action', 'lifecycle', rule(''), 'InvalidRequest', 'At least one action needs to be specified in a rule'],
  ['expiration after no day', 'lifecycle', rule(E('Expiration', E('Days', 0))), 'InvalidArgument', "'Days' for Expiration action must be a positive integer"],
  ['uploads aborted after no day', 'lifecycle', rule(E('AbortIncompleteMultipartUpload', E('DaysAfterInitiation', 0))), 'InvalidArgument', "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer"],
  ['versions expired after no day', 'lifecycle', rule(E('NoncurrentVersionExpiration', E('NoncurrentDays', 0))), 'InvalidArgument', "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"],
  ['days that are a fraction', 'lifecycle', rule(E('Expiration', E('Days', '1.5'))), 'MalformedXML', XML],
  ['days with a sign', 'lifecycle', rule(E('Expiration', E('Days', '+1'))), 'MalformedXML', XML],
  ['days over 32 bits', 'lifecycle', rule(E('Expiration', E('Days', 2 ** 31))), 'MalformedXML', XML],
  ['no days', 'lifecycle', rule(E('Expiration', E('Days'))), 'MalformedXML', XML],
  ['days within days', 'lifecycle', rule(E('Expiration', E('Days', `3${E('b', 1)}0`))), 'MalformedXML', XML],
  ['days twice', 'lifecycle', rule(E('Expiration', E('Days', 1) + E('Days', 2))), 'MalformedXML', XML],
  ['days and a date', 'lifecycle', rule(E('Expiration', E('Days', 1) + E('Date', '2090-01-01T00:00:00Z'))), 'MalformedXML', XML],
  ['an expiration of text', 'lifecycle', rule(E('Expiration', '30')), 'MalformedXML', XML],
  ['a date at noon', 'lifecycle', rule(E('Expiration', E('Date', '2090-01-01T12:00:00Z'))), 'InvalidArgument', "'Date' must be at midnight GMT"],
  ['midnight elsewhere', 'lifecycle', rule(E('Expiration', E('Date', '2090-01-01T00:00:00+01:00'))), 'InvalidArgument', "'Date' must be at midnight GMT"],
  ['a date in no calendar', 'lifecycle', rule(E('Expiration', E('Date', '2090-02-30T00:00:00Z'))), 'MalformedXML', XML],
  ['a date as HTTP has it', 'lifecycle', rule(E('Expiration', E('Date', 'Sun, 01 Jan 2090 00:00:00 GMT'))), 'MalformedXML', XML],
  ['a date without a zone', 'lifecycle', rule(E('Expiration', E('Date', '2090-01-01T00:00:00'))), 'MalformedXML', XML],
  ['a marker and days', 'lifecycle', rule(E('Expiration', E('Days', 1) + E('ExpiredObjectDeleteMarker', 'true'))), 'MalformedXML', XML],
  ['a marker that is yes', 'lifecycle', rule(E('Expiration', E('ExpiredObjectDeleteMarker', 'yes'))), 'MalformedXML', XML],
  ['a marker with tags', 'lifecycle', lifecycle(E('Filter', tag('a')) + on + E('Expiration', E('ExpiredObjectDeleteMarker', 'true'))), 'InvalidRequest', 'ExpiredObjectDeleteMarker cannot be specified with Tags.'],
  ['uploads with tags', 'lifecycle', lifecycle(E('Filter', tag('a')) + on + E('AbortIncompleteMultipartUpload', E('DaysAfterInitiation', 1))), 'InvalidRequest', 'AbortIncompleteMultipartUpload cannot be specified with Tags.'],
  ['uploads with a size', 'lifecycle', lifecycle(E('Filter', E('ObjectSizeLessThan', 9)) + on + E('AbortIncompleteMultipartUpload', E('DaysAfterInitiation', 1))), 'InvalidRequest', 'AbortIncompleteMultipartUpload cannot be specified with Object Size.'],
  ['expiration before a transition', 'lifecycle', rule(move(30, 'GLACIER') + expire), 'InvalidArgument', "'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action"],
  ['versions expired before their transition', 'lifecycle', rule(E('NoncurrentVersionExpiration', E('NoncurrentDays', 5)) + E('NoncurrentVersionTransition', E('NoncurrentDays', 5) + E('StorageClass', 'GLACIER'))), 'InvalidArgument', "'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '(prefix=)' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action"],
  ['infrequent access within 30 days', 'lifecycle', rule(move(29, 'STANDARD_IA')), 'InvalidArgument', "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'"],
  ['one class twice', 'lifecycle', rule(move(30, 'GLACIER') + move(60, 'GLACIER')), 'InvalidRequest', "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'"],
  ['a colder class first', 'lifecycle', rule(move(90, 'GLACIER') + move(60, 'DEEP_ARCHIVE')), 'InvalidArgument', "'Days' in the Transition action for StorageClass 'DEEP_ARCHIVE' for filter '(prefix=)' must be greater than 'Days' in the Transition action for StorageClass 'GLACIER' for filter '(prefix=)'"],
  ['transitions by date and by days', 'lifecycle', rule(move(30, 'GLACIER') + move('2090-01-01T00:00:00Z', 'DEEP_ARCHIVE', 'Date')), 'InvalidRequest', "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '(prefix=)'"],
  ['expiration by date, transition by days', 'lifecycle', rule(move(30, 'GLACIER') + E('Expiration', E('Date', '2090-01-01T00:00:00Z'))), 'InvalidRequest', "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=)'"],
  ['a transition to STANDARD', 'lifecycle', rule(move(30, 'STANDARD')), 'MalformedXML', XML],
  ['a transition without a class', 'lifecycle', rule(E('Transition', E('Days', 30))), 'MalformedXML', XML],
  ['a filter and a prefix', 'lifecycle', lifecycle(all + E('Prefix') + on + expire), 'MalformedXML', XML],
  ['neither a filter nor a prefix', 'lifecycle', lifecycle(on + expire), 'MalformedXML', XML],
  ['a filter of text', 'lifecycle', lifecycle(E('Filter', 'logs/') + on + expire), 'MalformedXML', XML],
  ['a filter twice', 'lifecycle', lifecycle(all + all + on + expire), 'MalformedXML', XML],
  ['two conditions without And', 'lifecycle', lifecycle(E('Filter', E('Prefix', 'a') + tag('a')) + on + expire), 'MalformedXML', XML],
  ['And of one condition', 'lifecycle', lifecycle(E('Filter', E('And', E('Prefix', 'a'))) + on + expire), 'MalformedXML', XML],
  ['And of nothing', 'lifecycle', lifecycle(E('Filter', E('And')) + on + expire), 'MalformedXML', XML],
  ['And of text', 'lifecycle', lifecycle(E('Filter', E('And', 'logs/')) + on + expire), 'MalformedXML', XML],
  ['a tag without a value', 'lifecycle', lifecycle(E('Filter', E('Tag', E('Key', 'a'))) + on + expire), 'MalformedXML', XML],
  ['one tag twice', 'lifecycle', lifecycle(E('Filter', E('And', tag('a') + tag('a'))) + on + expire), 'InvalidRequest', 'Duplicate Tag Keys are not allowed.'],
  ['a prefix of 1025 bytes', 'lifecycle', lifecycle(E('Filter', E('Prefix', 'p'.repeat(1025))) + on + expire), 'InvalidRequest', 'The maximum size of a prefix is 1024.'],
  ['sizes that no object has', 'lifecycle', lifecycle(E('Filter', E('And', E('ObjectSizeGreaterThan', 9) + E('ObjectSizeLessThan', 9))) + on + expire), 'InvalidRequest', "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."],
  ['a status in small letters', 'lifecycle', lifecycle(all + E('Status', 'enabled') + expire), 'MalformedXML', XML],
  ['no status', 'lifecycle', lifecycle(all + expire), 'MalformedXML', XML],
]

const cors = (...rules: string[]) => E('CORSConfiguration', rules.map((one) => E('CORSRule', one)).join(''))
const corsRule = (inner: string) => cors(E('AllowedOrigin', '*') + E('AllowedMethod', 'GET') + inner)
const cores: RefusedDocument[] = [
  ['101 rules', 'cors', E('CORSConfiguration', times(101, () => E('CORSRule', E('AllowedOrigin', '*') + E('AllowedMethod', 'GET')))), 'InvalidRequest', 'The number of CORS rules should not exceed allowed limit of 100 rules.'],
  ['no rule', 'cors', cors(), 'MalformedXML', XML],
  ['an empty rule', 'cors', cors(''), 'MalformedXML', XML],
  ['a rule of text', 'cors', cors('GET'), 'MalformedXML', XML],
  ['a rule without a method', 'cors', cors(E('AllowedOrigin', '*')), 'MalformedXML', XML],
  ['a rule without an origin', 'cors', cors(E('AllowedMethod', 'GET')), 'MalformedXML', XML],
  ['a method in small letters', 'cors', cors(E('AllowedOrigin', '*') + E('AllowedMethod', 'get')), 'InvalidRequest', 'Found unsupported HTTP method in CORS config. Unsupported method is get'],
  ['an empty method', 'cors', cors(E('AllowedOrigin', '*') + E('AllowedMethod')), 'InvalidRequest', 'Found unsupported HTTP method in CORS config. Unsupported method is '],
  ['an origin with two asterisks', 'cors', cors(E('AllowedOrigin', '*.*.com') + E('AllowedMethod', 'GET')), 'InvalidRequest', 'AllowedOrigin "*.*.com" can not have more than one wildcard.'],
  ['a header with two asterisks', 'cors', corsRule(E('AllowedHeader', 'x-*-*')), 'InvalidRequest', 'AllowedHeader "x-*-*" can not have more than one wildcard.'],
  ['a header with a blank', 'cors', corsRule(E('AllowedHeader', 'x amz')), 'InvalidRequest', 'AllowedHeader "x amz" contains invalid character.'],
  ['a header with a colon', 'cors', corsRule(E('AllowedHeader', 'x:amz')), 'InvalidRequest', 'AllowedHeader "x:amz" contains invalid character.'],
  ['an exposed header with a blank', 'cors', corsRule(E('ExposeHeader', 'x amz')), 'InvalidRequest', 'ExposeHeader "x amz" contains invalid character.'],
  ['exposed headers by pattern', 'cors', corsRule(E('ExposeHeader', '*')), 'InvalidRequest', 'ExposeHeader "*" contains wildcard. We currently do not support wildcard for ExposeHeader.'],
  ['a time that is no number', 'cors', corsRule(E('MaxAgeSeconds', 'long')), 'MalformedXML', XML],
  ['a time twice', 'cors', corsRule(E('MaxAgeSeconds', 1) + E('MaxAgeSeconds', 2)), 'MalformedXML', XML],
  ['an ID of 256 characters', 'cors', corsRule(E('ID', 'i'.repeat(256))), 'InvalidArgument', 'ID length should not exceed allowed limit of 255'],
]

const website = (inner: string) => E('WebsiteConfiguration', inner)
const index = E('IndexDocument', E('Suffix', 'index.html'))
const routed = (...rules: string[]) => website(index + E('RoutingRules', rules.map((one) => E('RoutingRule', one)).join('')))
const under = E('Condition', E('KeyPrefixEquals', 'a/'))
const to = E('Redirect', E('HostName', 'example.com'))
const websites: RefusedDocument[] = [
  ['an error code that is none', 'website', routed(E('Condition', E('HttpErrorCodeReturnedEquals', 399)) + to), 'InvalidRequest', 'The provided HTTP error code (399) is not valid. Valid codes are 4XX or 5XX.'],
  ['an error code beyond all', 'website', routed(E('Condition', E('HttpErrorCodeReturnedEquals', 600)) + to), 'InvalidRequest', 'The provided HTTP error code (600) is not valid. Valid codes are 4XX or 5XX.'],
  ['an error code in letters', 'website', routed(E('Condition', E('HttpErrorCodeReturnedEquals', '4o4')) + to), 'MalformedXML', XML],
  ['a redirect of 300', 'website', routed(under + E('Redirect', E('HostName', 'h') + E('HttpRedirectCode', 300))), 'InvalidRequest', 'The provided HTTP redirect code (300) is not valid. Valid codes are 3XX except 300.'],
  ['a redirect of 200', 'website', routed(under + E('Redirect', E('HostName', 'h') + E('HttpRedirectCode', 200))), 'InvalidRequest', 'The provided HTTP redirect code (200) is not valid. Valid codes are 3XX except 300.'],
  ['51 rules', 'website', routed(...Array.from({ length: 51 }, () => under + to)), 'InvalidRequest', '51 routing rules provided, the number of routing rules in a website configuration is limited to 50.'],
  ['no rule among the rules', 'website', routed(), 'MalformedXML', XML],
  ['rules of text', 'website', website(`${index}${E('RoutingRules', 'a')}`), 'MalformedXML', XML],
  ['a redirect to nowhere', 'website', routed(under + E('Redirect')), 'MalformedXML', XML],
  ['no redirect', 'website', routed(under), 'MalformedXML', XML],
  ['an empty condition', 'website', routed(E('Condition') + to), 'InvalidRequest', "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present."],
  ['two replacements', 'website', routed(under + E('Redirect', E('ReplaceKeyWith', 'a') + E('ReplaceKeyPrefixWith', 'b'))), 'InvalidRequest', 'You can only define ReplaceKeyPrefix or ReplaceKey but not both.'],
  ['a protocol not of the web', 'website', routed(under + E('Redirect', E('HostName', 'h') + E('Protocol', 'ftp'))), 'InvalidRequest', 'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.'],
  ['a redirect of all beside an index', 'website', website(index + E('RedirectAllRequestsTo', E('HostName', 'h'))), 'InvalidArgument', 'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.'],
  ['a redirect of all to nowhere', 'website', website(E('RedirectAllRequestsTo')), 'MalformedXML', XML],
  ['a redirect of all by FTP', 'website', website(E('RedirectAllRequestsTo', E('HostName', 'h') + E('Protocol', 'ftp'))), 'InvalidRequest'],
  ['no index', 'website', website(E('ErrorDocument', E('Key', 'e.html'))), 'InvalidArgument', 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty'],
  ['an empty index', 'website', website(E('IndexDocument', E('Suffix'))), 'InvalidArgument', 'The IndexDocument Suffix is not well formed'],
  ['an index in a folder', 'website', website(E('IndexDocument', E('Suffix', 'a/b'))), 'InvalidArgument', 'The IndexDocument Suffix is not well formed'],
  ['an error document without a key', 'website', website(index + E('ErrorDocument')), 'MalformedXML', XML],
]

const encryption = (inner: string) => E('ServerSideEncryptionConfiguration', inner)
const byDefault = (inner: string) => encryption(E('Rule', E('ApplyServerSideEncryptionByDefault', inner)))
const others: RefusedDocument[] = [
  ['a master key without KMS', 'encryption', byDefault(E('SSEAlgorithm', 'AES256') + E('KMSMasterKeyID', 'k')), 'InvalidArgument', 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse'],
  ['an algorithm of no service', 'encryption', byDefault(E('SSEAlgorithm', 'ROT13')), 'MalformedXML', XML],
  ['no algorithm', 'encryption', byDefault(''), 'MalformedXML', XML],
  ['two rules', 'encryption', encryption(E('Rule') + E('Rule')), 'MalformedXML', XML],
  ['a rule of text', 'encryption', encryption(E('Rule', 'AES256')), 'MalformedXML', XML],
  ['a bucket key that is yes', 'encryption', encryption(E('Rule', E('ApplyServerSideEncryptionByDefault', E('SSEAlgorithm', 'AES256')) + E('BucketKeyEnabled', 'yes'))), 'MalformedXML', XML],
  ['an unknown status', 'versioning', E('VersioningConfiguration', E('Status', 'On')), 'MalformedXML', XML],
  ['an empty status', 'versioning', E('VersioningConfiguration', E('Status')), 'MalformedXML', XML],
  ['a status twice', 'versioning', E('VersioningConfiguration', E('Status', 'Enabled') + E('Status', 'Suspended')), 'MalformedXML', XML],
  ['no status', 'versioning', E('VersioningConfiguration'), 'IllegalVersioningConfigurationException', 'The Versioning element must be specified'],
  ['an unknown status', 'accelerate', E('AccelerateConfiguration', E('Status', 'enabled')), 'MalformedXML', XML],
  ['no status', 'accelerate', E('AccelerateConfiguration'), 'MalformedXML', XML],
  ['an unknown payer', 'requestPayment', E('RequestPaymentConfiguration', E('Payer', 'requester')), 'MalformedXML', XML],
  ['no payer', 'requestPayment', E('RequestPaymentConfiguration'), 'MalformedXML', XML],
  ['logs without a bucket', 'logging', E('BucketLoggingStatus', E('LoggingEnabled', E('TargetPrefix', 'l/'))), 'MalformedXML', XML],
  ['logs without a prefix', 'logging', E('BucketLoggingStatus', E('LoggingEnabled', E('TargetBucket', 'b'))), 'MalformedXML', XML],
  ['logging of text', 'logging', E('BucketLoggingStatus', E('LoggingEnabled', 'true')), 'MalformedXML', XML],
  ['a flag that is yes', 'publicAccessBlock', E('PublicAccessBlockConfiguration', E('BlockPublicAcls', 'yes')), 'MalformedXML', XML],
  ['an empty flag', 'publicAccessBlock', E('PublicAccessBlockConfiguration', E('BlockPublicAcls')), 'MalformedXML', XML],
  ['a flag twice', 'publicAccessBlock', E('PublicAccessBlockConfiguration', E('BlockPublicAcls', 'true') + E('BlockPublicAcls', 'false')), 'MalformedXML', XML],
  ['no set of tags', 'tagging', E('Tagging'), 'MalformedXML', XML],
  ['a set of text', 'tagging', E('Tagging', E('TagSet', 'a=b')), 'MalformedXML', XML],
  ['two sets', 'tagging', E('Tagging', E('TagSet') + E('TagSet')), 'MalformedXML', XML],
  ['a tag without a value', 'tagging', E('Tagging', E('TagSet', E('Tag', E('Key', 'a')))), 'MalformedXML', XML],
  ['a tag without a key', 'tagging', E('Tagging', E('TagSet', E('Tag', E('Value', 'a')))), 'MalformedXML', XML],
  ['a tag twice', 'tagging', E('Tagging', E('TagSet', tag('a') + tag('a'))), 'InvalidTag', 'Cannot provide multiple Tags with the same key'],
  ['a reserved tag', 'tagging', E('Tagging', E('TagSet', tag('aws:a'))), 'InvalidTag', 'System tags cannot be added/updated by requester'],
  ['a key of 129 characters', 'tagging', E('Tagging', E('TagSet', tag('k'.repeat(129)))), 'InvalidTag', 'The TagKey you have provided is invalid'],
  ['a value of 257 characters', 'tagging', E('Tagging', E('TagSet', tag('k', 'v'.repeat(257)))), 'InvalidTag', 'The TagValue you have provided is invalid'],
  ['an empty key', 'tagging', E('Tagging', E('TagSet', tag(''))), 'InvalidTag', 'The TagKey you have provided is invalid'],
  ['51 tags', 'tagging', E('Tagging', E('TagSet', times(51, (at) => tag(`k${at}`)))), 'BadRequest'],
]

const locked = (inner: string) => E('ObjectLockConfiguration', E('ObjectLockEnabled', 'Enabled') + inner)
const kept = (inner: string) => locked(E('Rule', E('DefaultRetention', inner)))
const mode = E('Mode', 'GOVERNANCE')
const POSITIVE = 'Default retention period must be a positive integer value.'
const locks: RefusedDocument[] = [
  ['a retention of no day', 'object-lock', kept(mode + E('Days', 0)), 'InvalidArgument', POSITIVE],
  ['a retention of less than no year', 'object-lock', kept(mode + E('Years', -1)), 'InvalidArgument', POSITIVE],
  ['a retention of 36501 days', 'object-lock', kept(mode + E('Days', 36_501)), 'InvalidArgument', 'Default retention period too large.'],
  ['a retention of 101 years', 'object-lock', kept(mode + E('Years', 101)), 'InvalidArgument', 'Default retention period too large.'],
  ['days and years', 'object-lock', kept(mode + E('Days', 1) + E('Years', 1)), 'MalformedXML', XML],
  ['neither days nor years', 'object-lock', kept(mode), 'MalformedXML', XML],
  ['no mode', 'object-lock', kept(E('Days', 1)), 'MalformedXML', XML],
  ['an unknown mode', 'object-lock', kept(E('Mode', 'governance') + E('Days', 1)), 'MalformedXML', XML],
  ['a rule without a retention', 'object-lock', locked(E('Rule')), 'MalformedXML', XML],
  ['a rule of text', 'object-lock', locked(E('Rule', 'a')), 'MalformedXML', XML],
  ['a lock that is not enabled', 'object-lock', E('ObjectLockConfiguration', E('ObjectLockEnabled', 'Disabled')), 'MalformedXML', XML],
  ['no lock', 'object-lock', E('ObjectLockConfiguration'), 'MalformedXML', XML],
]

/** Of buckets, by the query that names the setting. */
export const refusedSettings: readonly RefusedDocument[] = [...lifecycles, ...cores, ...websites, ...others, ...locks]

const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::BUCKET/*' }
const policy = (changes: object, top: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...changes }], ...top })

/** Policies of a bucket that is called BUCKET in them, all MalformedPolicy. */
export const refusedPolicies: readonly (readonly [name: string, body: string, message: string])[] = [
  ['what is no JSON', 'let them in', "Policies must be valid JSON and the first byte must be '{'"],
  ['a list', '[]', "Policies must be valid JSON and the first byte must be '{'"],
  ['what only begins like JSON', '{"Version":', 'This policy contains invalid Json'],
  ['a blank at the beginning', ` ${policy({})}`, "Policies must be valid JSON and the first byte must be '{'"],
  ['no statement', '{"Version":"2012-10-17"}', 'Missing required field Statement'],
  ['an empty list of statements', policy({}, { Statement: [] }), 'Could not parse the policy: Statement is empty!'],
  ['a statement of text', policy({}, { Statement: 'Allow' }), 'Invalid policy syntax.'],
  ['an unknown version', policy({}, { Version: '2024-01-01' }), 'The policy must contain a valid version string'],
  ['an unknown field', policy({}, { Comment: 'a' }), 'Unknown field Comment'],
  ['an unknown field of a statement', policy({ Resources: 'a' }), 'Unknown field Resources'],
  ['no effect', policy({ Effect: undefined }), 'Missing required field Effect'],
  ['no principal', policy({ Principal: undefined }), 'Missing required field Principal'],
  ['no action', policy({ Action: undefined }), 'Missing required field Action'],
  ['no resource', policy({ Resource: undefined }), 'Missing required field Resource'],
  ['an unknown effect', policy({ Effect: 'allow' }), 'Invalid effect: allow'],
  ['an empty list of actions', policy({ Action: [] }), 'Missing required field Action cannot be empty!'],
  ['an action of another service', policy({ Action: 'ec2:RunInstances' }), 'Policy has invalid action'],
  ['an action that S3 has not', policy({ Action: 's3:FrobnicateObject' }), 'Policy has invalid action'],
  ['another bucket', policy({ Resource: 'arn:aws:s3:::another/*' }), 'Policy has invalid resource'],
  ['a resource that is no ARN', policy({ Resource: '*' }), 'Policy has invalid resource'],
  ['a pattern that no action fits', policy({ Action: 's3:*Obj??ect*' }), 'Policy has invalid action'],
  ['an action of no text', policy({ Action: '' }), 'Policy has invalid action'],
  ['no action at all', policy({ Action: null }), 'Invalid policy syntax.'],
  ['an action on objects for the bucket', policy({ Resource: 'arn:aws:s3:::BUCKET' }), 'Action does not apply to any resource(s) in statement'],
  ['a pattern of them for the bucket', policy({ Action: 's3:???Object', Resource: 'arn:aws:s3:::BUCKET' }), 'Action does not apply to any resource(s) in statement'],
  ['an action on the bucket for objects', policy({ Action: 's3:GetBucket*' }), 'Action does not apply to any resource(s) in statement'],
  ['a principal of nobody', policy({ Principal: { AWS: 'me' } }), 'Invalid principal in policy'],
  ['a bare principal of nobody', policy({ Principal: 'me' }), 'Invalid principal in policy'],
  ['an empty list of principals', policy({ Principal: { AWS: [] } }), 'Invalid principal in policy'],
  ['everyone and another', policy({ Principal: { AWS: ['*', '111122223333'] } }), 'Invalid principal in policy'],
  ['all but some who are allowed', policy({ Principal: undefined, NotPrincipal: { AWS: '111122223333' } }), 'Allow with NotPrincipal is not allowed.'],
  ['a kind of principal that is none', policy({ Principal: { OSS: '*' } }), 'Invalid principal in policy'],
  ['an operator that is none', policy({ Condition: { StringMatches: { 'aws:UserAgent': 'a' } } }), 'Invalid Condition type : StringMatches'],
  ...['stringlike', 'NullIfExists', 'ForSomeValues:StringLike'].map(
    (operator) =>
      [`the operator ${operator}`, policy({ Condition: { [operator]: { 'aws:UserAgent': 'true' } } }), `Invalid Condition type : ${operator}`] as const,
  ),
  ...['agent', 's3:FakeKeyDoesNotExist', 'aws:NotARealGlobalKey', 's3:ExistingObjectTag/'].map(
    (key) => [`the key ${key}`, policy({ Condition: { StringLike: { [key]: 'a' } } }), 'Policy has an invalid condition key'] as const,
  ),
  ...(
    [
      ['s3:GetObject', 's3:prefix'],
      ['s3:ListBucketMultipartUploads', 's3:prefix'],
      ['s3:GetObject', 's3:x-amz-acl'],
      [['s3:PutObject', 's3:GetObject'], 's3:x-amz-acl'],
      ['s3:PutObject', 's3:ExistingObjectTag/a'],
      ['s3:GetObject', 's3:RequestObjectTag/a'],
      ['s3:GetObject', 's3:VersionId'],
    ] as const
  ).map(
    ([action, key]) =>
      [
        `${key} of ${action}`,
        policy({ Action: action, Condition: { StringLike: { [key]: 'a' } } }),
        'Conditions do not apply to combination of actions and resources in statement',
      ] as const,
  ),
  ...[['IpAddress', '10.0.0.0/33'], ['NotIpAddress', '10.0.0.256'], ['IpAddress', 'office']].map(
    ([operator = '', value]) =>
      [`${operator} of ${value}`, policy({ Condition: { [operator]: { 'aws:SourceIp': value } } }), 'Invalid IP address in Conditions'] as const,
  ),
  ...(
    [
      ['Bool', 'aws:SecureTransport', 'no'],
      ['DateLessThan', 'aws:CurrentTime', 'tomorrow'],
    ] as const
  ).map(
    ([operator, key, value]) =>
      [
        `${operator} of ${value}`,
        policy({ Condition: { [operator]: { [key]: value } } }),
        `Invalid value of ${operator} : ${value}`,
      ] as const,
  ),
  ['an effect twice', policy({}).replace('"Effect"', '"Effect":"Deny","Effect"'), 'Statement/policy already has instance of Effect'],
  ['more than 20 KB', policy({ Sid: 's'.repeat(20 * 1024) }), 'Policy exceeds the maximum allowed document size.'],
]

const acl = (...grants: string[]) => E('AccessControlPolicy', E('Owner', E('ID', 'OWNER')) + E('AccessControlList', grants.join('')))
const grant = (grantee: string, permission: string) => E('Grant', E('Grantee', grantee) + E('Permission', permission))
const typed = (type: string, grantee: string, permission: string) =>
  grant(grantee, permission).replace('<Grantee>', `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">`)
const mine = grant(E('ID', 'OWNER'), 'FULL_CONTROL')
const everyone = E('URI', 'http://acs.amazonaws.com/groups/global/AllUsers')

/** ACLs of buckets and objects whose owner is called OWNER in them. */
export const refusedAcls: readonly (readonly [name: string, body: string, code: string, message?: string])[] = [
  ['no owner', E('AccessControlPolicy', E('AccessControlList', mine)), 'MalformedACLError'],
  ['no list', E('AccessControlPolicy', E('Owner', E('ID', 'OWNER'))), 'MalformedACLError'],
  ['a list of text', acl('private'), 'MalformedACLError'],
  ['another owner', E('AccessControlPolicy', E('Owner', E('ID', 'somebody')) + E('AccessControlList', mine)), 'InvalidArgument', 'Invalid id'],
  ['an unknown permission', acl(mine, grant(everyone, 'LOOK')), 'MalformedACLError'],
  ['a grant without a permission', acl(E('Grant', E('Grantee', everyone))), 'MalformedACLError'],
  ['a grant without a grantee', acl(E('Grant', E('Permission', 'READ'))), 'MalformedACLError'],
  ['a grantee without a name', acl(mine, grant('', 'READ')), 'MalformedACLError'],
  ['a group that says it is a user', acl(mine, typed('CanonicalUser', everyone, 'READ')), 'MalformedACLError'],
  ['a user who says it is a group', acl(typed('Group', E('ID', 'OWNER'), 'FULL_CONTROL')), 'MalformedACLError'],
  ['a grantee of no kind', acl(mine, typed('Everyone', everyone, 'READ')), 'MalformedACLError'],
  ['a grantee with two names', acl(mine, grant(E('ID', 'OWNER') + everyone, 'FULL_CONTROL')), 'MalformedACLError'],
  ['an unknown group', acl(mine, grant(E('URI', 'http://example.com/'), 'READ')), 'InvalidArgument', 'Invalid group uri'],
  ['101 grants', acl(...Array.from({ length: 101 }, () => mine)), 'MalformedACLError'],
]

/** Those S3 takes, and OSS has not: its owner keeps all rights. */
export const unsayableAcls: readonly (readonly [name: string, body: string])[] = [
  ['no grant at all', acl()],
  ['none for the owner', acl(grant(everyone, 'READ'))],
  ['less than all for the owner', acl(grant(E('ID', 'OWNER'), 'READ'))],
]
