/**
 * Markdown for a terminal: read by marked, drawn plainly. Headings, emphasis and code are styled, lists, quotes and
 * tables laid out, text wrapped at words. Without colour the marks of headings and code stay. Text is made printable.
 */
import { Lexer, type Token, type Tokens } from 'marked'
import { printable } from '../../core/text.ts'
import { displayWidth, table } from '../table.ts'
import { paint, type Screen, type Style } from '../terminal.ts'

/** A longer text is not laid out, which would take a second and more. */
const LONGEST = 500_000
const WIDEST_TEXT = 100

/** @returns lines with a final newline; '' for a text without content */
export function renderMarkdown(text: string, screen: Screen): string {
  const lines = linesOfText(text, screen)
  while (lines[0] === '') lines.shift()
  return lines.map(line => `${line}\n`).join('')
}

function linesOfText(text: string, screen: Screen): string[] {
  if (text.length > LONGEST) return plainLines(text)
  try {
    return new Drawing(screen).blocks(new Lexer().lex(text), Math.min(screen.width, WIDEST_TEXT))
  } catch (error) {
    // It is nested deeper than the stack goes.
    if (error instanceof RangeError) return plainLines(text)
    throw error
  }
}

/** Text as it is, but for what a terminal might obey. */
function plainLines(text: string): string[] {
  const lines = text.replace(/\s+$/, '').split(/\r?\n/)
  return lines.map(line => clean(line.replaceAll('\t', '    ')))
}

const clean = (text: string): string => printable(text, Number.POSITIVE_INFINITY)

const CHARACTERS: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', '#39': "'" }

/** `&amp;` and the few others that people write. */
function withCharacters(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name: string) => CHARACTERS[name]!)
}

/** A piece of a line in one style. */
interface Span {
  text: string
  styles: readonly Style[]
}

class Drawing {
  readonly #screen: Screen

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** With an empty line between two blocks. */
  blocks(tokens: readonly Token[], width: number, isTight = false): string[] {
    const lines: string[] = []
    for (const token of tokens) {
      const drawn = this.#block(token as Tokens.Generic, width)
      if (drawn.length === 0) continue
      if (lines.length > 0 && !isTight) lines.push('')
      lines.push(...drawn)
    }
    return lines
  }

  #block(token: Tokens.Generic, width: number): string[] {
    switch (token.type) {
      case 'space':
      case 'def':
      case 'checkbox':
        return []
      case 'heading': {
        const mark = this.#screen.colour ? '' : `${'#'.repeat(token.depth)} `
        return this.#fill([{ text: mark, styles: [] }, ...this.#inline(token.tokens ?? [], ['bold'])], width)
      }
      case 'hr':
        return [paint(this.#screen, 'dim', '-'.repeat(Math.min(width, 40)))]
      case 'code':
        return plainLines(token.text).map(line => `    ${paint(this.#screen, 'dim', line)}`)
      case 'blockquote': {
        const bar = paint(this.#screen, 'dim', '| ')
        return this.blocks(token.tokens ?? [], width - 2).map(line => bar + line)
      }
      case 'list':
        return this.#list(token as Tokens.List, width)
      case 'table':
        return this.#table(token as Tokens.Table, width)
      case 'html':
        return plainLines(token.text)
      default:
        return this.#fill(this.#inline(token.tokens ?? [token], []), width)
    }
  }

  #list({ items, ordered, start, loose }: Tokens.List, width: number): string[] {
    return items.flatMap((item, i) => {
      const number = ordered ? `${Number(start || 1) + i}. ` : '- '
      const mark = item.task ? `${number}[${item.checked ? 'x' : ' '}] ` : number
      const lines = this.blocks(item.tokens, Math.max(20, width - mark.length), !loose)
      const drawn = (lines.length > 0 ? lines : ['']).map((line, j) =>
        j === 0 ? mark + line : line && ' '.repeat(mark.length) + line,
      )
      return loose && i > 0 ? ['', ...drawn] : drawn
    })
  }

  #table({ header, rows }: Tokens.Table, width: number): string[] {
    const text = ({ tokens }: Tokens.TableCell) =>
      this.#inline(tokens, [])
        .map(span => span.text)
        .join('')
    const columns = header.map((cell, i) => ({
      title: clean(text(cell)),
      cells: rows.map(row => text(row[i]!)),
      longest: width,
    }))
    return table({ ...this.#screen, width }, columns)
      .split('\n')
      .slice(0, -1)
  }

  #inline(tokens: readonly Token[], styles: readonly Style[]): Span[] {
    return tokens.flatMap((token): Span[] => {
      const { type, text, tokens: inner, href, raw } = token as Tokens.Generic
      switch (type) {
        case 'strong':
        case 'em':
          return this.#inline(inner!, [...styles, 'bold'])
        case 'codespan':
          return [{ text: this.#screen.colour ? text : `\`${text}\``, styles: [...styles, 'yellow'] }]
        case 'br':
          return [{ text: '\n', styles }]
        case 'checkbox':
          return []
        case 'link': {
          const shown = this.#inline(inner!, styles)
          const said = shown.map(span => span.text).join('')
          return said === href || `mailto:${said}` === href
            ? shown
            : [...shown, { text: ` (${href})`, styles: [...styles, 'dim'] }]
        }
        case 'image':
          return [{ text: `[image: ${text || href}]`, styles: [...styles, 'dim'] }]
        case 'escape':
        case 'html':
          return [{ text: text ?? raw, styles }]
        default:
          return inner ? this.#inline(inner, styles) : [{ text: withCharacters(text ?? raw), styles }]
      }
    })
  }

  /** Fills lines with words; a longer word stays whole. */
  #fill(spans: readonly Span[], width: number): string[] {
    const lines: string[] = []
    let line = ''
    let used = 0
    let word: Span[] = []
    const endWord = () => {
      const length = word.reduce((sum, { text }) => sum + displayWidth(text), 0)
      if (length === 0) return
      if (used > 0 && used + 1 + length > width) endLine()
      if (used > 0) line += ' '
      line += word.map(span => this.#paint(span)).join('')
      used += length + (used > 0 ? 1 : 0)
      word = []
    }
    const endLine = () => {
      lines.push(line)
      line = ''
      used = 0
    }
    for (const { text, styles } of spans)
      for (const [i, row] of (text === '\n' ? ['', ''] : [text.replace(/\s+/g, ' ')]).entries()) {
        if (i > 0) {
          endWord()
          endLine()
        }
        for (const [j, part] of row.split(' ').entries()) {
          if (j > 0) endWord()
          if (part !== '') word.push({ text: clean(part), styles })
        }
      }
    endWord()
    if (used > 0) endLine()
    return lines
  }

  #paint({ text, styles }: Span): string {
    return styles.reduce((painted, style) => paint(this.#screen, style, painted), text)
  }
}
