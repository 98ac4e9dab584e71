/** The page as the build has made it, compressed: the server gives it out as it is. */
import { gunzipSync, gzipSync } from 'node:zlib'

import style from 'page:board.css'
import script from 'page:board.js'
import layout from 'page:layout.js'
import icon from './page/icon.svg'
import html from './page/page.html'

const SCRIPT = 'text/javascript; charset=utf-8'

export interface PageFile {
  type: string
  /** Compressed with gzip. */
  packed: Buffer
}

const packed = (text: string) => Buffer.from(text, 'base64')

export const PAGE_FILES: Readonly<Record<string, PageFile>> = {
  '/': { type: 'text/html; charset=utf-8', packed: gzipSync(html) },
  '/board.js': { type: SCRIPT, packed: packed(script) },
  '/board.css': { type: 'text/css; charset=utf-8', packed: packed(style) },
  '/layout.js': { type: SCRIPT, packed: packed(layout) },
  '/icon.svg': { type: 'image/svg+xml', packed: gzipSync(icon) },
}

export function pageText(path: string): string {
  return gunzipSync(PAGE_FILES[path]!.packed).toString('utf8')
}
