/** Values of the configuration that several tests use. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @returns the path of a new file with this content */
export function fileWith(text: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'config-')), 'file')
  writeFileSync(path, text)
  return path
}

export const digest = (byte: string): string => byte.repeat(32)
export const key = `web:${digest('ab')}`
export const jwt = {
  GATEWAY_AUTH: 'jwt',
  GATEWAY_JWKS_URL: 'https://issuer.example/keys?p=1',
  GATEWAY_JWT_ISSUER: 'https://issuer.example/',
  GATEWAY_JWT_AUDIENCE: 'gateway',
}
