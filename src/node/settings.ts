import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type Config, ConfigError } from '../config/index.ts'
import { parseConfig } from '../config/parse-config.ts'
import { type FileStamps, stampOf } from './file-stamps.ts'
import { nodeFiles } from './files.ts'

/** The settings as they were read: parsed, the document's text, and the files that they were read from, as these were then. */
export type Settings = { config: Config; document: string | undefined; files: FileStamps }

/**
 * The settings of this process, with the files that they name looked at; nothing is created.
 * @throws ConfigError with every mistake.
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const problems: string[] = []
  const stamps = new Map<string, string>()
  const read = (path: string) => {
    // Of one that is read several times the first.
    if (!stamps.has(path)) stamps.set(path, stampOf(path))
    return nodeFiles.read(path)
  }
  const file = environment.GATEWAY_CONFIG?.trim()
  const document = file ? readText('GATEWAY_CONFIG', file, read, problems) : undefined
  let config: Config | undefined
  try {
    config = parseConfig(environment, document, 'node', { ...nodeFiles, read })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.unshift(...error.problems)
  }
  const [cert, key] = [environment.TLS_CERT_FILE?.trim(), environment.TLS_KEY_FILE?.trim()]
  if (cert && key) checkTls(cert, key, read, problems)
  if (config !== undefined) checkAccessLog(config.document.accessLog.to, problems)
  if (config?.localOss !== undefined) checkDirectory(config.localOss.directory, problems)
  if (config === undefined || problems.length > 0) throw new ConfigError(problems)
  return { config, document, files: stamps }
}

type Read = (path: string) => string

function readText(name: string, file: string, read: Read, problems: string[]): string | undefined {
  try {
    return read(file)
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`)
    return undefined
  }
}

/** Certificate and key: there, in PEM, valid now, and a pair. */
function checkTls(certFile: string, keyFile: string, read: Read, problems: string[]): void {
  const certText = readText('TLS_CERT_FILE', certFile, read, problems)
  const keyText = readText('TLS_KEY_FILE', keyFile, read, problems)
  const now = Date.now()
  const cert = certText === undefined ? undefined : parseCertificate(certText, problems)
  const key = keyText === undefined ? undefined : parseKey(keyText, problems)
  if (cert !== undefined && Date.parse(cert.validTo) < now)
    problems.push(`TLS_CERT_FILE: the certificate has expired, on ${cert.validTo}`)
  if (cert !== undefined && Date.parse(cert.validFrom) > now)
    problems.push(`TLS_CERT_FILE: the certificate is not valid before ${cert.validFrom}`)
  if (cert === undefined || key === undefined) return
  if (!cert.checkPrivateKey(key)) {
    problems.push("TLS_KEY_FILE: it is not the key of TLS_CERT_FILE's first certificate")
    return
  }
  try {
    createSecureContext({ cert: certText, key: keyText })
  } catch (error) {
    problems.push(`TLS_CERT_FILE: TLS cannot use it (${(error as NodeJS.ErrnoException).code})`)
  }
}

function parseCertificate(text: string, problems: string[]): X509Certificate | undefined {
  try {
    if (text.includes('-----BEGIN ')) return new X509Certificate(text)
  } catch {
    // Reported below.
  }
  const isKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)
  problems.push(`TLS_CERT_FILE: ${isKey ? 'that is a private key' : 'it holds no certificate in PEM'}`)
  return undefined
}

function parseKey(text: string, problems: string[]): KeyObject | undefined {
  try {
    if (text.includes('-----BEGIN ')) return createPrivateKey(text)
  } catch {
    // Reported below.
  }
  const why = /ENCRYPTED/.test(text)
    ? 'the key is encrypted, and there is no setting for its passphrase'
    : /-----BEGIN CERTIFICATE-----/.test(text)
      ? 'that is a certificate'
      : 'it holds no private key in PEM'
  problems.push(`TLS_KEY_FILE: ${why}`)
  return undefined
}

/** Whether the access log could be written where the settings say. */
function checkAccessLog(to: string, problems: string[]): void {
  if (!to.startsWith('/')) return
  const folder = dirname(to)
  try {
    if (!statSync(folder).isDirectory()) problems.push(`GATEWAY_CONFIG: accessLog.to: ${folder} is no folder`)
    else accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such folder' : `it cannot be written by this user (${code})`
    problems.push(`GATEWAY_CONFIG: accessLog.to: ${folder}: ${why}`)
  }
}

/** Whether the embedded OSS could keep its data there; the folder itself is made when it starts. */
function checkDirectory(directory: string, problems: string[]): void {
  if (directory === ':memory:') return
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    try {
      if (!statSync(folder).isDirectory()) problems.push(`LOCAL_OSS_DIR: ${folder} is no folder`)
      else accessSync(folder, constants.W_OK | constants.X_OK)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') continue
      problems.push(`LOCAL_OSS_DIR: ${folder} cannot be written by this user (${code})`)
      return
    }
  }
}
