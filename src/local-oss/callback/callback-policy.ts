import { children, text, type XmlNode } from '../../xml/index.ts'
import { storedConfig } from '../buckets/config-document.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import { decodeCallback } from './callback.ts'

/** The root element, and the name under which it is stored. */
export const POLICY_ROOT = 'BucketCallbackPolicy'
/** Its sub-resource is `policy` with this `comp`. */
export const POLICY_COMP = 'callback'

/** A callback that uploads can name: its parameters, as `x-oss-callback` and `x-oss-callback-var`. */
type PolicyItem = { name: string; callback: string; variables: string | undefined }

/** @throws OssError MalformedXML for an item without a name, InvalidArgument for one whose callback is no JSON. */
export function callbackPolicies(root: XmlNode): PolicyItem[] {
  return children(root, 'PolicyItem').map((item) => {
    const name = text(item, 'PolicyName')
    const callback = text(item, 'Callback')
    if (!name || !callback) throw new OssError('MalformedXML')
    decodeCallback(callback)
    return { name, callback, variables: text(item, 'CallbackVar') || undefined }
  })
}

/** A bucket's callback policy of that name. */
export function policyNamed({ state, bucket }: BucketCall, name: unknown): PolicyItem | undefined {
  const root = storedConfig(state, bucket, `policy-${POLICY_COMP}`, POLICY_ROOT)
  return callbackPolicies(root ?? {}).find((item) => item.name === name)
}
