import type { Answer } from '../test/gateway/wire.ts'
import { type Plain, smallBody } from './requests.ts'

/** A small request, many times. */
export type Work = {
  /** As on the command line. */
  name: string
  title: string
  /** Share of nginx's requests in a second of CPU. */
  target: number
  request: (index: number) => Plain
  /** Whether an answer is the one wanted. */
  isRight: (answer: Answer) => boolean
}

const key = (index: number) => `2025/11/photo-${String(index).padStart(6, '0')}.jpg`

/** All small works. */
export const works: readonly Work[] = [
  {
    name: 'get',
    title: 'GET 4 KiB',
    target: 0.45,
    request: (index) => ({ method: 'GET', target: `/bench/4096/${key(index)}` }),
    isRight: ({ status, body }) => status === 200 && body.length === 4096,
  },
  {
    name: 'head',
    title: 'HEAD 4 KiB',
    target: 0.45,
    request: (index) => ({ method: 'HEAD', target: `/bench/4096/${key(index)}` }),
    isRight: ({ status, headers }) => status === 200 && headers['content-length'] === '4096',
  },
  {
    name: 'put',
    title: 'PUT 4 KiB, signed',
    target: 0.35,
    request: (index) => ({
      method: 'PUT',
      target: `/bench/written/${key(index)}`,
      headers: { 'content-type': 'image/jpeg' },
      body: smallBody(index),
    }),
    isRight: ({ status, headers }) => status === 200 && headers.etag !== undefined,
  },
  {
    name: 'copy',
    title: 'CopyObject, native',
    target: 0.35,
    request: (index) => ({
      method: 'PUT',
      target: `/bench/copied/${key(index)}`,
      headers: { 'x-amz-copy-source': `/bench/4096/${key(index)}` },
      body: Buffer.alloc(0),
    }),
    isRight: ({ status, body }) => status === 200 && body.includes('<CopyObjectResult'),
  },
  {
    name: 'list',
    title: 'ListObjectsV2, 1,000 keys',
    target: 0.1,
    request: (index) => ({
      method: 'GET',
      target: `/bench/?list-type=2&max-keys=1000&start-after=${encodeURIComponent(key(index))}`,
    }),
    isRight: ({ status, body }) => status === 200 && body.toString().split('<Contents>').length === 1001,
  },
]
