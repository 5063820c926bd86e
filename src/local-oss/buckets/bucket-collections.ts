import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Collection } from './bucket-collection.ts'
import { oneWord, treeOf, truthOf } from './config-document.ts'

/** What a bucket can have several of. Styles are kept for who asks for them: no image is processed here. */
export const bucketCollections: readonly Collection[] = [
  {
    name: 'Style',
    query: 'style',
    parameter: 'styleName',
    root: 'Style',
    listRoot: 'StyleList',
    absent: 'NoSuchStyle',
    // A test of the Go SDK v1.
    made: (style) => Date.parse(text(style, 'CreateTime') ?? ''),
    kept: (root, { id, former, now }) => {
      if (!/^[\w.-]{1,63}$/.test(id)) throw invalidArgument('Style name is invalid.', 'styleName', id)
      const content = text(root, 'Content') ?? ''
      if (content === '') throw invalidArgument('Style content is invalid.', 'Content', content)
      const modified = new Date(now).toUTCString()
      const created = (former && text(former, 'CreateTime')) ?? modified
      return {
        Name: id,
        Content: content,
        Category: 'image',
        CreateTime: created,
        LastModifyTime: modified,
      }
    },
  },
  {
    name: 'BucketInventory',
    listAction: 'GetBucketInventory',
    query: 'inventory',
    parameter: 'inventoryId',
    root: 'InventoryConfiguration',
    listRoot: 'ListInventoryConfigurationsResult',
    absent: 'NoSuchInventory',
    pageSize: 100,
    refusesEmptyLists: true,
    kept: (root, { id, former }) => {
      checkInventory(root, id)
      if (former !== undefined) throw new OssError('InventoryConfigurationAlreadyExists')
      return keptInventory(root)
    },
  },
]

/** @throws OssError MalformedXML, InvalidArgument. */
function checkInventory(root: XmlNode, id: string): void {
  if (id === '' || text(root, 'Id') !== id) {
    throw invalidArgument('The inventory id is not the one of the request.', 'Id', text(root, 'Id'))
  }
  truthOf(root, 'IsEnabled')
  oneWord(root, 'IncludedObjectVersions', ['All', 'Current'])
  const [schedule = {}] = children(root, 'Schedule')
  oneWord(schedule, 'Frequency', ['Daily', 'Weekly'])
  const [destination = {}] = children(root, 'Destination').flatMap((one) =>
    children(one, 'OSSBucketDestination'),
  )
  oneWord(destination, 'Format', ['CSV', 'Parquet'])
  // Either is refused by a test of the Go SDK v1; which words OSS has is not documented.
  if (!/^acs:oss:::./.test(text(destination, 'Bucket') ?? '')) throw new OssError('MalformedXML')
  const [encryption = {}] = children(destination, 'Encryption')
  if (encryption['SSE-KMS'] !== undefined && encryption['SSE-OSS'] !== undefined)
    throw new OssError('MalformedXML')
}

/** The classes of a filter stand in alphabetical order (a test of the Python SDK). */
function keptInventory(root: XmlNode): XmlTree {
  const filters = children(root, 'Filter').map((filter) => ({
    ...treeOf(filter),
    StorageClass: text(filter, 'StorageClass')?.split(',').sort().join(','),
  }))
  return { ...treeOf(root), ...(filters.length > 0 && { Filter: filters }) }
}
