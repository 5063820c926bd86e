import { refusedAcls, refusedPolicies, refusedSettings, unsayableAcls } from '../data/refused-documents.ts'
import { must } from './s3.ts'
import { enableVersioning, ownBucket, type Row, rows } from './table.ts'

const bucket = ownBucket(enableVersioning)

const refusal = (Code: string, Message: string | undefined): Pick<Row, 'status' | 'error'> => ({
  status: 400,
  error: { Code, ...(Message === undefined ? {} : { Message }) },
})

for (const query of new Set(refusedSettings.map(([, setting]) => setting))) {
  rows(
    `PUT ?${query} refuses`,
    bucket,
    refusedSettings
      .filter(([, setting]) => setting === query)
      .map(([name, , body, code, message]) => ({
        name,
        ask: { method: 'PUT', query: { [query]: '' }, body },
        ...refusal(code, message),
      })),
  )
}

rows(
  'PUT ?policy refuses',
  bucket,
  refusedPolicies.map(([name, body, message]) => ({
    name,
    ask: (own) => ({ method: 'PUT', query: { policy: '' }, body: body.replaceAll('BUCKET', own) }),
    ...refusal('MalformedPolicy', message),
  })),
)

/** The id that every ACL names. */
const ownerOf = async (name: string) =>
  /<Owner><ID>([^<]+)/.exec((await must({ bucket: name, query: { acl: '' } })).text)?.[1] ?? ''

rows('PUT ?acl refuses', bucket, [
  ...refusedAcls.map(
    ([name, body, code, message]): Row => ({
      name,
      ask: async (own) => ({
        method: 'PUT',
        query: { acl: '' },
        body: body.replaceAll('OWNER', await ownerOf(own)),
      }),
      ...refusal(code, message),
    }),
  ),
  ...unsayableAcls.map(
    ([name, body]): Row => ({
      name: `is done, with ${name}`,
      ask: async (own) => ({
        method: 'PUT',
        query: { acl: '' },
        body: body.replaceAll('OWNER', await ownerOf(own)),
      }),
      status: 200,
      differs: {
        reason: 'in OSS the owner has all rights',
        status: 501,
        error: { Code: 'NotImplemented' },
      },
    }),
  ),
])
