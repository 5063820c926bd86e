import { expect } from 'vitest'
import { md5 } from '../encodings.ts'
import { failure } from './errors.ts'
import { must, type Xml } from './s3.ts'
import { ownBucket, type Row, rows } from './table.ts'
import { begin, part } from './uploads.ts'

const ids: Record<string, string> = {}
const bucket = ownBucket(async (name) => {
  for (const key of ['a', 'dir/b', 'dir/c']) ids[key] = await begin(name, key)
  ids['x y+z'] = await begin(name, 'x y+z', { 'x-amz-checksum-algorithm': 'CRC32' })
  for (const number of [1, 2, 5]) {
    await part({ bucket: name, key: 'a', uploadId: ids.a ?? '' }, number, `part ${number}`)
  }
})
type Parts = { Part?: Xml[] } & Xml
const partsOf = (xml: Xml) => ((xml.ListPartsResult as Parts).Part ?? []).map(({ PartNumber }) => PartNumber)
const list =
  (query: Record<string, string> = {}, key = 'a') =>
  () => ({ key, query: { uploadId: ids[key] ?? '', ...query } })

rows('ListParts', bucket, [
  {
    name: 'the parts come with number, size, ETag and time, and the upload with its owner and class',
    ask: list(),
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    xml: {
      ListPartsResult: {
        Key: 'a',
        IsTruncated: 'false',
        MaxParts: '1000',
        PartNumberMarker: '0',
        StorageClass: 'STANDARD',
        Owner: { ID: expect.stringMatching(/./) },
        Initiator: { ID: expect.stringMatching(/./) },
        Part: [
          {
            PartNumber: '1',
            Size: '6',
            ETag: `"${md5('part 1')}"`,
            LastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          },
          { PartNumber: '2' },
          { PartNumber: '5' },
        ],
      },
    },
    and: ({ xml }, name) => expect(xml.ListPartsResult).toMatchObject({ Bucket: name, UploadId: ids.a }),
  },
  {
    name: 'a page names the part it ends with',
    ask: list({ 'max-parts': '2' }),
    status: 200,
    xml: { ListPartsResult: { IsTruncated: 'true', NextPartNumberMarker: '2', MaxParts: '2' } },
    and: ({ xml }) => expect(partsOf(xml)).toEqual(['1', '2']),
  },
  {
    name: 'the list goes on after the marker',
    ask: list({ 'part-number-marker': '2' }),
    status: 200,
    xml: { ListPartsResult: { PartNumberMarker: '2', IsTruncated: 'false' } },
    and: ({ xml }) => expect(partsOf(xml)).toEqual(['5']),
  },
  {
    name: 'an upload without parts has none',
    ask: list({}, 'dir/b'),
    status: 200,
    xml: { ListPartsResult: { IsTruncated: 'false' } },
    and: ({ xml }) => expect(partsOf(xml)).toEqual([]),
  },
  {
    name: 'an upload that is not there is named',
    ask: list({ uploadId: 'no-such-upload' }),
    ...failure('NoSuchUpload', { UploadId: 'no-such-upload' }),
  },
  {
    name: 'an upload of another key is not there',
    ask: () => ({ key: 'dir/c', query: { uploadId: ids.a ?? '' } }),
    ...failure('NoSuchUpload'),
  },
  ...['-1', '1.5', 'many'].map(
    (marker): Row => ({
      name: `${marker} is no part to go on after`,
      ask: list({ 'part-number-marker': marker }),
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: 'part-number-marker', ArgumentValue: marker },
    }),
  ),
  ...['-1', '1.5', '1e3', '99999999999', 'many'].map(
    (size): Row => ({
      name: `${size} parts at most are refused`,
      ask: list({ 'max-parts': size }),
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: 'max-parts', ArgumentValue: size },
    }),
  ),
])

type Uploads = { Upload?: Xml[]; CommonPrefixes?: Xml[] } & Xml
const result = (xml: Xml) => xml.ListMultipartUploadsResult as Uploads
const keysOf = (xml: Xml) => (result(xml).Upload ?? []).map(({ Key }) => Key)
const uploads = (query: Record<string, string> = {}) => ({ query: { uploads: '', ...query } })
rows('ListMultipartUploads', bucket, [
  {
    name: 'uploads come by key with id, class, owner and time',
    ask: uploads(),
    status: 200,
    xml: {
      ListMultipartUploadsResult: {
        IsTruncated: 'false',
        MaxUploads: '1000',
        KeyMarker: '',
        UploadIdMarker: '',
      },
    },
    and: ({ xml }, name) => {
      expect(keysOf(xml)).toEqual(['a', 'dir/b', 'dir/c', 'x y+z'])
      expect(result(xml)).toMatchObject({ Bucket: name })
      expect(result(xml).Upload?.[0]).toMatchObject({
        StorageClass: 'STANDARD',
        Owner: { ID: expect.stringMatching(/./) },
        Initiator: { ID: expect.stringMatching(/./) },
        Initiated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      })
    },
  },
  {
    name: 'the upload id is the one that was handed out',
    ask: uploads({ prefix: 'a' }),
    status: 200,
    and: ({ xml }) => expect(result(xml).Upload?.[0]?.UploadId).toBe(ids.a),
  },
  {
    name: 'the upload id is the one that was handed out, also with a checksum',
    ask: uploads({ prefix: 'x' }),
    status: 200,
    and: ({ xml }) => expect(result(xml).Upload?.[0]?.UploadId).toBe(ids['x y+z']),
    differs: {
      reason: 'lists have OSS’s ids, which can be used as well',
      status: 200,
      and: async ({ xml }, name) => {
        const uploadId = String(result(xml).Upload?.[0]?.UploadId)
        const parts = await must({ bucket: name, key: 'x y+z', query: { uploadId } })
        expect(partsOf(parts.xml)).toEqual([])
      },
    },
  },
  {
    name: 'a prefix narrows the list',
    ask: uploads({ prefix: 'dir/' }),
    status: 200,
    xml: { ListMultipartUploadsResult: { Prefix: 'dir/' } },
    and: ({ xml }) => expect(keysOf(xml)).toEqual(['dir/b', 'dir/c']),
  },
  {
    name: 'a delimiter rolls keys up into common prefixes',
    ask: uploads({ delimiter: '/' }),
    status: 200,
    xml: { ListMultipartUploadsResult: { Delimiter: '/', CommonPrefixes: [{ Prefix: 'dir/' }] } },
    and: ({ xml }) => expect(keysOf(xml)).toEqual(['a', 'x y+z']),
  },
  {
    name: 'encoding-type=url encodes keys',
    ask: uploads({ 'encoding-type': 'url' }),
    status: 200,
    xml: { ListMultipartUploadsResult: { EncodingType: 'url' } },
    and: ({ xml }) => expect(keysOf(xml)).toContain('x+y%2Bz'),
  },
  {
    name: 'another encoding is refused',
    ask: uploads({ 'encoding-type': 'base64' }),
    ...failure('InvalidArgument', {
      Message: 'Invalid Encoding Method specified in Request',
      ArgumentName: 'encoding-type',
    }),
  },
  {
    name: 'pages of one give each upload once',
    ask: uploads({ 'max-uploads': '1' }),
    status: 200,
    and: async (first, name) => {
      const found: unknown[] = []
      for (let page = first; ; ) {
        found.push(...keysOf(page.xml))
        const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = result(page.xml)
        if (IsTruncated !== 'true') break
        const query = {
          'max-uploads': '1',
          'key-marker': String(NextKeyMarker),
          'upload-id-marker': String(NextUploadIdMarker),
        }
        page = await must({ bucket: name, ...uploads(query) })
      }
      expect(found).toEqual(['a', 'dir/b', 'dir/c', 'x y+z'])
    },
  },
  {
    name: 'an upload id marker that is none is refused',
    ask: uploads({ 'key-marker': 'a', 'upload-id-marker': 'no such marker' }),
    ...failure('InvalidArgument', { Message: 'Invalid uploadId marker', ArgumentName: 'upload-id-marker' }),
  },
  {
    name: 'an upload id marker in another form than ids have is refused',
    ask: uploads({ 'key-marker': 'a', 'upload-id-marker': 'nosuchupload' }),
    ...failure('InvalidArgument', { Message: 'Invalid uploadId marker', ArgumentName: 'upload-id-marker' }),
  },
  {
    name: 'an upload id marker without a key marker is ignored',
    ask: uploads({ 'upload-id-marker': 'nosuchupload' }),
    status: 200,
    and: ({ xml }) => expect(keysOf(xml)).toEqual(['a', 'dir/b', 'dir/c', 'x y+z']),
  },
  ...['many', '-1', '1.5', '1e3', '+1', '99999999999', '0x10'].map(
    (size): Row => ({
      name: `${size} uploads at most are refused`,
      ask: uploads({ 'max-uploads': size }),
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: 'max-uploads', ArgumentValue: size },
    }),
  ),
  {
    name: 'a bucket that is not there is named',
    ask: { ...uploads(), bucket: 'conformance-no-such-bucket' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
])
