import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** The folder of LevelDB in the directory of an embedded OSS: its records. */
export const storeIn = (directory: string) => join(directory, 'store')

/** The folder of the files with objects' bytes in the directory of an embedded OSS. */
export const blobsIn = (directory: string) => join(directory, 'blobs')

/** Whether a directory holds the data of an embedded OSS, by the file in which LevelDB names its newest manifest. */
export const isLocalOssDirectory = (directory: string): Promise<boolean> =>
  access(join(storeIn(directory), 'CURRENT')).then(
    () => true,
    () => false,
  )
