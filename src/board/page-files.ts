/** The page as the build has made it: text that the server gives out as it is. */

import style from 'page:board.css'
import script from 'page:board.js'
import layout from 'page:layout.js'
import icon from './page/icon.svg'
import html from './page/page.html'

const SCRIPT = 'text/javascript; charset=utf-8'

export const PAGE_FILES: Readonly<Record<string, { type: string; text: string }>> = {
  '/': { type: 'text/html; charset=utf-8', text: html },
  '/board.js': { type: SCRIPT, text: script },
  '/board.css': { type: 'text/css; charset=utf-8', text: style },
  '/layout.js': { type: SCRIPT, text: layout },
  '/icon.svg': { type: 'image/svg+xml', text: icon },
}
