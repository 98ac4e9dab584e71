/**
 * An item's text as elements. It is written by anybody, so it is hostile until it has been sanitised: no scripts, no
 * styles, no forms, nothing that is loaded from anywhere; links say in full where they lead.
 */
import DOMPurify from 'dompurify'
import { marked } from 'marked'

const ALLOWED_TAGS = [
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
  ...['strong', 'em', 'b', 'i', 's', 'del', 'ins', 'mark', 'sub', 'sup', 'small', 'kbd', 'samp', 'var'],
  ...['code', 'pre', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a', 'span', 'details', 'summary'],
]
const ALLOWED_ATTR = [
  'href',
  'title',
  'colspan',
  'rowspan',
  'align',
  'start',
  'open',
  'type',
  'checked',
  'alt',
  'src',
]
const LINK = /^(?:https?:|mailto:)/i

/** Markdown as a fragment to put into the page. */
export function rendered(markdown: string): DocumentFragment {
  const html = marked.parse(markdown, { async: false, gfm: true }) as string
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: [...ALLOWED_TAGS, 'input', 'img'],
    ALLOWED_ATTR,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  })
  for (const box of fragment.querySelectorAll('input')) box.replaceWith(criterionMark(box))
  for (const image of fragment.querySelectorAll('img')) image.replaceWith(imageNote(image))
  for (const link of fragment.querySelectorAll('a')) openSafely(link)
  for (const element of fragment.querySelectorAll('[src],[type],[checked],[alt]'))
    for (const name of ['src', 'type', 'checked', 'alt']) element.removeAttribute(name)
  // Headings of a text are below the panel's own.
  for (const heading of fragment.querySelectorAll('h1,h2,h3,h4,h5,h6')) lower(heading)
  for (const wide of fragment.querySelectorAll('pre,table')) scrollable(wide)
  return fragment
}

function criterionMark(box: HTMLInputElement): Node {
  const mark = document.createElement('span')
  if (box.getAttribute('type') !== 'checkbox') return mark
  mark.className = box.hasAttribute('checked') ? 'criterion criterion-met' : 'criterion'
  const text = document.createElement('span')
  text.className = 'sr'
  text.textContent = box.hasAttribute('checked') ? 'met: ' : 'open: '
  mark.append(text)
  return mark
}

/** What is elsewhere is not fetched; its address is shown. */
function imageNote(image: HTMLImageElement): Node {
  const note = document.createElement('span')
  note.className = 'image-note'
  note.textContent = `[image: ${[image.getAttribute('alt'), image.getAttribute('src')].filter(Boolean).join(', ')}]`
  return note
}

function openSafely(link: HTMLAnchorElement): void {
  const href = link.getAttribute('href') ?? ''
  if (!LINK.test(href)) {
    const text = document.createElement('span')
    text.append(...link.childNodes)
    if (href !== '') text.append(` (${href})`)
    link.replaceWith(text)
    return
  }
  link.setAttribute('rel', 'noopener noreferrer')
  link.setAttribute('target', '_blank')
  const shown = link.textContent?.trim() ?? ''
  if (shown === href) return
  const where = document.createElement('span')
  where.className = 'link-target'
  where.textContent = ` (${href})`
  link.after(where)
}

function lower(heading: Element): void {
  const level = Math.min(6, Number(heading.tagName[1]) + 3)
  const other = document.createElement(`h${level}`)
  other.append(...heading.childNodes)
  heading.replaceWith(other)
}

function scrollable(element: Element): void {
  const box = document.createElement('div')
  box.className = 'scroll-x'
  box.tabIndex = 0
  box.setAttribute('role', 'region')
  box.setAttribute('aria-label', element.tagName === 'PRE' ? 'Code' : 'Table')
  element.replaceWith(box)
  box.append(element)
}

/** How many acceptance criteria an item's text names, and how many are met. */
export function criteriaIn(markdown: string): { met: number; all: number } {
  const boxes = [...markdown.matchAll(/^\s*[-*+] \[([ xX])\] ?/gm)]
  return { met: boxes.filter(([, mark]) => mark !== ' ').length, all: boxes.length }
}
