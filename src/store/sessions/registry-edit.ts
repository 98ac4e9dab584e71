/**
 * Changes single values of session-state.yaml in place, so that comments, unknown keys and their order survive. Pure.
 */
import type { YamlList, YamlMap, YamlNode, YamlPair } from '../../markdown/node.ts'
import { findPair, scalarText, scalarValue } from '../../markdown/scalar.ts'
import { entries, text, type Values } from './registry-text.ts'

/** Changes to one text, made together: places refer to the text as it was read. */
export class TextEdit {
  private readonly splices: { start: number; end: number; text: string }[] = []
  readonly source: string
  readonly root: YamlMap

  constructor(source: string, root: YamlMap) {
    this.source = source
    this.root = root
  }

  /** Sets top-level values; new keys go before `sessions`, or to the end. */
  setTop(values: Values): void {
    const sessions = findPair(this.root, 'sessions')
    const at = sessions ? lineStart(this.source, sessions.keyStart) : this.source.length
    this.setIn(this.root, values, added => this.splice(at, at, this.asLines(at, added, '')))
  }

  /** Sets values of a listed session. */
  setSession(id: string, values: Values): void {
    const entry = entries(findPair(this.root, 'sessions')?.value).find(
      item => text(item, 'session_id') === id,
    )
    const last = entry?.pairs.at(-1)
    if (!entry || !last) return
    this.setIn(entry, values, added => {
      const at = lineEnd(this.source, trimmedEnd(this.source, last.value.end, last.keyStart))
      const indent = ' '.repeat(column(this.source, entry.pairs[0]!.keyStart))
      this.splice(at, at, added.map(line => `\n${indent}${line}`).join(''))
    })
  }

  /** Takes sessions off the list and puts new ones after the others; comments between entries stay. */
  changeList(remove: ReadonlySet<string>, added: readonly Values[]): void {
    const pair = findPair(this.root, 'sessions')
    const block = (indent: string) => added.map(values => `\n${entryLines(values, indent)}`).join('')
    if (!pair) {
      const end = this.source.length
      if (added.length > 0) this.splice(end, end, this.asLines(end, [`sessions:${block('  ')}`], ''))
      return
    }
    const list = pair.value.kind === 'list' && pair.value.items.length > 0 ? pair.value : null
    if (!list) {
      if (added.length > 0) this.replaceValue(pair, block('  '))
      return
    }
    const gone = entries(list).filter(entry => remove.has(text(entry, 'session_id') ?? ''))
    if (gone.length === list.items.length && added.length === 0) {
      this.replaceValue(pair, ' []')
      return
    }
    for (const entry of gone) this.splice(lineStart(this.source, entry.start) - 1, this.endOf(entry), '')
    if (added.length === 0) return
    const at = this.endOf(list.items.at(-1)!)
    this.splice(at, at, block(' '.repeat(dashColumn(this.source, list))))
  }

  /** The end of the line on which a block value ends. */
  private endOf({ start, end }: YamlNode): number {
    return lineEnd(this.source, trimmedEnd(this.source, end, start))
  }

  /** The text with all changes. */
  result(): string {
    // Later places first; at one place, what was added first comes first.
    const inOrder = this.splices
      .map((splice, i) => ({ ...splice, i }))
      .sort((a, b) => b.start - a.start || b.i - a.i)
    return inOrder.reduce(
      (done, { start, end, text: put }) => done.slice(0, start) + put + done.slice(end),
      this.source,
    )
  }

  private setIn(map: YamlMap, values: Values, add: (lines: string[]) => void): void {
    const added: string[] = []
    for (const [key, value] of Object.entries(values)) {
      const pair = findPair(map, key)
      if (pair) this.replaceValue(pair, ` ${value}`)
      else added.push(`${key}: ${value}`)
    }
    if (added.length > 0) add(added)
  }

  private replaceValue(pair: YamlPair, written: string): void {
    const colon = this.source.indexOf(':', pair.keyStart + pair.key.length) + 1
    this.splice(colon, Math.max(colon, trimmedEnd(this.source, pair.value.end, colon)), written)
  }

  private asLines(at: number, lines: string[], indent: string): string {
    const lead = at > 0 && this.source[at - 1] !== '\n' ? '\n' : ''
    return `${lead}${lines.map(line => `${indent}${line}\n`).join('')}`
  }

  private splice(start: number, end: number, put: string): void {
    this.splices.push({ start, end, text: put })
  }
}

function entryLines(values: Values, indent: string): string {
  return Object.entries(values)
    .map(([key, value], i) => `${indent}${i === 0 ? '- ' : '  '}${key}: ${value}`)
    .join('\n')
}

/** Whether the registry is written in block form, the only form that TextEdit changes in place. */
export function isBlockForm(root: YamlMap): boolean {
  const sessions = findPair(root, 'sessions')?.value
  if (root.flow) return false
  if (sessions === undefined || (sessions.kind === 'scalar' && scalarValue(sessions) === null)) return true
  if (sessions.kind !== 'list') return false
  return sessions.items.every(item => item.kind === 'map' && !item.flow && !isFlowList(sessions))
}

/** Whether sessions can be put on a list without anything being lost that somebody wrote in its place. */
export function hasPlaceForSessions(root: YamlMap): boolean {
  const sessions = findPair(root, 'sessions')?.value
  if (sessions === undefined || sessions.kind === 'list') return true
  return sessions.kind === 'scalar' ? scalarText(sessions) === undefined : sessions.pairs.length === 0
}

function isFlowList(list: YamlList): boolean {
  return list.items.length > 0 && 'flow' in list && list.flow === true
}

function lineStart(source: string, at: number): number {
  return source.lastIndexOf('\n', at - 1) + 1
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf('\n', at)
  return end < 0 ? source.length : end
}

function column(source: string, at: number): number {
  return at - lineStart(source, at)
}

/** Block values end after their line break in one reader and before it in the other; neither blank nor break is value. */
function trimmedEnd(source: string, end: number, atLeast: number): number {
  let trimmed = end
  while (trimmed > atLeast && /\s/.test(source[trimmed - 1]!)) trimmed--
  return trimmed
}

function dashColumn(source: string, list: YamlList): number {
  const start = lineStart(source, list.items[0]!.start)
  return source.slice(start).search(/\S/)
}
