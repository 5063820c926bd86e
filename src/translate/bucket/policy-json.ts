import { DuplicateNameError, parseJson } from '../../bytes/json.ts'
import { S3Error } from '../../s3/error.ts'

/** A JSON object. */
export type Json = { [name: string]: unknown }

/** An object of JSON. @throws S3Error MalformedPolicy. */
export function parseObject(text: string): Json {
  if (!text.startsWith('{')) throw new S3Error('MalformedPolicy')
  try {
    return parseJson(text) as Json
  } catch (error) {
    if (!(error instanceof DuplicateNameError)) throw malformed('This policy contains invalid Json')
    throw malformed(`Statement/policy already has instance of ${error.member}`)
  }
}

/** Whether a value of a JSON document is an object, and no array. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** S3's error for a policy that is not of its grammar. */
export const malformed = (message: string) => new S3Error('MalformedPolicy', { message })

/** S3's error for a value of the wrong type. */
export const invalidSyntax = () => malformed('Invalid policy syntax.')
