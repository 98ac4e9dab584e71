/**
 * The simple commands of a shell command line, as far as they are known without running it: words without their
 * quotes, in order, those of substitutions and subshells included. What is in quotes, comments and here-documents
 * is no command. Pure, and never fails: what cannot be understood is taken for words.
 */

const LONGEST = 100_000
const DEEPEST = 50

export function simpleCommands(line: string): string[][] {
  return line.length > LONGEST ? [] : new Scanner(line).commands
}

class Scanner {
  readonly commands: string[][] = []
  private at = 0
  private depth = 0
  private readonly line: string

  constructor(line: string) {
    this.line = line
    this.list()
  }

  /** Reads commands up to `close`, which is passed over, or to the end. */
  private list(close?: ')' | '`'): void {
    let words: string[] = []
    let word: string | null = null
    let isTarget = false
    let open = 0
    const documents: Heredoc[] = []
    const endWord = () => {
      if (word !== null && !isTarget) words.push(word)
      if (word !== null) isTarget = false
      word = null
    }
    const endCommand = () => {
      endWord()
      isTarget = false
      if (words.length > 0) this.commands.push(words)
      words = []
    }
    while (this.at < this.line.length) {
      const char = this.line[this.at]!
      if (char === close && open === 0) {
        this.at++
        break
      }
      if (char === '\\') {
        const next = this.line[this.at + 1] ?? ''
        if (next !== '\n') word = (word ?? '') + next
        this.at += 2
      } else if (char === "'") word = (word ?? '') + this.upTo("'")
      else if (char === '"') word = (word ?? '') + this.doubleQuoted()
      else if (char === '`' || (/[$<>]/.test(char) && this.line[this.at + 1] === '(')) {
        word ??= ''
        this.substitution(char)
      } else if (this.line.startsWith("$'", this.at)) {
        this.at++
        word = (word ?? '') + this.upTo("'", true)
      } else if (char === '#' && word === null) this.at = this.lineEnd()
      else if (char === '<' || char === '>') {
        if (word === null || !/^\d+$/.test(word)) endWord()
        word = null
        const document = this.redirection()
        if (document) documents.push(document)
        else isTarget = true
      } else if (char === '&' && this.line[this.at + 1] === '>') {
        endWord()
        this.at++
      } else if (/[\n;&|()]/.test(char)) {
        endCommand()
        this.at++
        if (char === '(') open++
        if (char === ')') open = Math.max(0, open - 1)
        if (char === '\n') for (const document of documents.splice(0)) this.skipDocument(document)
      } else if (/\s/.test(char)) {
        endWord()
        this.at++
      } else {
        word = (word ?? '') + char
        this.at++
      }
    }
    endCommand()
  }

  /** From an opening quote to its end. */
  private upTo(quote: string, escapes = false): string {
    let text = ''
    for (this.at++; this.at < this.line.length; this.at++) {
      const char = this.line[this.at]!
      if (char === quote) break
      if (escapes && char === '\\') this.at++
      text += this.line[this.at] ?? ''
    }
    this.at++
    return text
  }

  private doubleQuoted(): string {
    let text = ''
    this.at++
    while (this.at < this.line.length) {
      const char = this.line[this.at]!
      if (char === '"') break
      if (char === '`' || this.line.startsWith('$(', this.at)) this.substitution(char)
      else if (char === '\\') {
        const next = this.line[this.at + 1] ?? ''
        if (next !== '\n') text += /[$`"\\]/.test(next) ? next : char + next
        this.at += 2
      } else {
        text += char
        this.at++
      }
    }
    this.at++
    return text
  }

  private substitution(char: string): void {
    this.at += char === '`' ? 1 : 2
    if (this.depth >= DEEPEST) return
    this.depth++
    this.list(char === '`' ? '`' : ')')
    this.depth--
  }

  /** Passes over `<`, `>>`, `2>&1` and their like; a here-document's end is the word that follows. */
  private redirection(): Heredoc | null {
    const operator = /(?:<<<|<<-?|[<>]&|[<>]\||>>|<>|[<>])/y
    operator.lastIndex = this.at
    const found = operator.exec(this.line)![0]
    this.at += found.length
    if (found !== '<<' && found !== '<<-') return null
    const rest = /[ \t]*((?:'[^'\n]*'|"[^"\n]*"|\\.|[^\s;&|()<>'"\\])+)/y
    rest.lastIndex = this.at
    const delimiter = rest.exec(this.line)
    if (!delimiter) return null
    this.at += delimiter[0].length
    return { end: delimiter[1]!.replace(/['"\\]/g, ''), tabs: found === '<<-' }
  }

  private skipDocument({ end, tabs }: Heredoc): void {
    while (this.at < this.line.length) {
      const stop = this.lineEnd()
      const line = this.line.slice(this.at, stop)
      this.at = stop + 1
      if ((tabs ? line.replace(/^\t+/, '') : line) === end) return
    }
  }

  private lineEnd(): number {
    const end = this.line.indexOf('\n', this.at)
    return end < 0 ? this.line.length : end
  }
}

interface Heredoc {
  end: string
  tabs: boolean
}

/** A word as a shell reads it back. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
