/** A real Chromium from an npm package, so that the machine needs none. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { chromium as playwright } from 'playwright-core'

const root = join(import.meta.dirname, '../..')
const packed = join(root, 'node_modules/@sparticuz/chromium/bin')
/** Beside the package, so that another version never uses the files of this one. */
const unpacked = join(root, 'node_modules/.cache/chromium')

/** The package's own configuration has the font paths of another system. Without fonts, a page with an input field crashes Chromium. */
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
  // The package unpacks to the system's temporary folder, which this variable names.
  process.env['TMPDIR'] = unpacked
  const { default: chromium, inflate } = await import('@sparticuz/chromium')
  const executablePath = await chromium.executablePath()
  // Libraries that a server without a desktop lacks, such as NSS.
  const libraries = await inflate(join(packed, 'al2023.tar.br'))
  writeFileSync(fontsFile, fontsConfiguration)
  return playwright.launch({
    executablePath,
    // Not the package's own arguments: they disable web security, which is under test.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(libraries, 'lib'),
      FONTCONFIG_FILE: fontsFile,
    },
  })
}
