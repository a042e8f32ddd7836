/** A real Chromium, from the npm package that ships it: nothing on the machine is needed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { chromium as playwright } from 'playwright-core'

const root = join(import.meta.dirname, '../..')
const packed = join(root, 'node_modules/@sparticuz/chromium/bin')
/** Beside the package, so that another version never meets the files of this one. */
const unpacked = join(root, 'node_modules/.cache/chromium')

/** The package's own configuration looks for fonts in places of another system; without any, a page with a text field ends Chromium. */
const fontsFile = join(unpacked, 'fonts.conf')
const fontsConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(unpacked, 'fonts/fonts')}</dir>
  <cachedir>${join(unpacked, 'fonts-cache')}</cachedir>
</fontconfig>
`

export async function launchBrowser(): Promise<Browser> {
  mkdirSync(unpacked, { recursive: true })
  // The package unpacks into the system's temporary folder, which this variable names.
  process.env['TMPDIR'] = unpacked
  const { default: chromium, inflate } = await import('@sparticuz/chromium')
  const executablePath = await chromium.executablePath()
  // The libraries that a server without a desktop lacks (NSS and its like).
  const libraries = await inflate(join(packed, 'al2023.tar.br'))
  writeFileSync(fontsFile, fontsConfiguration)
  return playwright.launch({
    executablePath,
    // Not the package's own arguments: they switch web security off, which is what is under test.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(libraries, 'lib'),
      FONTCONFIG_FILE: fontsFile,
    },
  })
}
