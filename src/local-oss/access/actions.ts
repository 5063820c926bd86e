/** The actions that have another name where the request names a version, as in `oss:GetObjectVersion`. */
const VERSIONED = new Set(
  `GetObject DeleteObject GetObjectAcl PutObjectAcl GetObjectTagging PutObjectTagging DeleteObjectTagging
  RestoreObject`.split(/\s+/),
)

/** The action's name in a policy, by whether a version is named. */
export function actionOf(action: string, versionId: string | undefined): string {
  return versionId !== undefined && VERSIONED.has(action) ? action.replace('Object', 'ObjectVersion') : action
}
