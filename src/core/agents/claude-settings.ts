/**
 * wrk's hooks in the text of a Claude Code settings file: put in and taken out without touching anything else.
 * The form of `hooks` (event -> groups with a matcher -> handlers of type `command` with a timeout in seconds) is
 * that of https://code.claude.com/docs/en/hooks#configuration. Pure.
 *
 * Uninstalling has to leave what was there before, judged by the text alone: a container that was there and was
 * empty has its closing bracket right behind what was put in; one that was made for us has it on its own line.
 */
import { type JsonArray, type JsonNode, type JsonObject, readJsonc } from '../../markdown/jsonc.ts'
import { insertLast, isMadeWhole, memberOf, removeContent, removeElement } from './jsonc-edit.ts'
import { newlineOf } from './marked-block.ts'

/** The tools that write to files, and the shell (https://code.claude.com/docs/en/hooks#matcher-patterns). */
const WRITING_TOOLS = 'Edit|MultiEdit|Write|NotebookEdit|Bash'

/** No matcher: at every event of that kind. */
const EVENTS: readonly (readonly [event: string, matcher?: string])[] = [
  ['SessionStart'],
  ['UserPromptSubmit'],
  ['PreToolUse', WRITING_TOOLS],
  ['PostToolUse'],
  ['Stop'],
  ['SessionEnd'],
]

/** Should wrk ever hang, Claude Code ends it after so many seconds; its own default is a minute or more. */
const TIMEOUT_S = 10

export type Edited =
  | { kind: 'ok'; text: string }
  /** Nothing is left of a file that was made for the hooks. */
  | { kind: 'empty' }
  | { kind: 'error'; offset: number; message: string }

/** `unreadable`: no settings at all, or with `hooks` that are none; withHooks says where. */
export type HookState = 'none' | 'installed' | 'outdated' | 'unreadable'

class Unexpected extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** Adds the hooks, or renews outdated ones. A text with the very hooks stays as it is, however it is written. */
export function withHooks(text: string | null, command: string): Edited {
  return guarded(() => {
    if (text !== null && stateOf(text, command) === 'installed') return text
    const bare = text === null ? null : cleared(text)
    if (bare === null) return newFile(command)
    return EVENTS.reduce((soFar, [event, matcher]) => addGroup(soFar, event, group(matcher, command)), bare)
  })
}

function newFile(command: string): string {
  const hooks = EVENTS.map(([event, matcher]) => [event, [group(matcher, command)]] as const)
  return `${json({ hooks: Object.fromEntries(hooks) }, '  ')}\n`
}

/** In ASCII, which is the same in every encoding that the file may have. */
function json(value: object, indent: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, indent).replace(/[\u007f-\uffff]/g, escaped)
}

/** Takes out every hook of ours, whatever its form. */
export function withoutHooks(text: string): Edited {
  return guarded(() => cleared(text))
}

/** What a settings file holds of wrk's hooks. @param command that of this version, for this file */
export function hookState(text: string, command: string): HookState {
  try {
    return stateOf(text, command)
  } catch (error) {
    if (error instanceof Unexpected) return 'unreadable'
    throw error
  }
}

function guarded(edit: () => string | null): Edited {
  try {
    const text = edit()
    return text === null ? { kind: 'empty' } : { kind: 'ok', text }
  } catch (error) {
    if (error instanceof Unexpected) return { kind: 'error', offset: error.offset, message: error.message }
    throw error
  }
}

function group(matcher: string | undefined, command: string) {
  return { matcher, hooks: [{ type: 'command', command, timeout: TIMEOUT_S }] }
}

// --- reading --------------------------------------------------------------------------------------------

function rootOf(text: string): JsonObject {
  const read = readJsonc(text)
  if (read.kind === 'error') throw new Unexpected(read.offset, read.message)
  if (read.root.kind !== 'object') throw new Unexpected(read.root.start, 'the settings must be an object')
  return read.root
}

function hooksOf(root: JsonObject): JsonObject | undefined {
  const node = memberOf(root, 'hooks')?.value
  if (node && node.kind !== 'object') throw new Unexpected(node.start, 'hooks must be an object')
  return node
}

const textOf = (node: JsonNode | undefined): unknown => (node?.kind === 'scalar' ? node.value : undefined)

function isOwn(handler: JsonNode): boolean {
  return /wrk.*\bagents hook claude\b/s.test(String(textOf(memberOf(handler, 'command')?.value)))
}

function handlersOf(entry: JsonNode): JsonArray | undefined {
  const node = memberOf(entry, 'hooks')?.value
  return node?.kind === 'array' ? node : undefined
}

const hasOwn = (entry: JsonNode): boolean =>
  handlersOf(entry)?.elements.some(({ value }) => isOwn(value)) ?? false

const isAllOwn = (entry: JsonNode): boolean =>
  hasOwn(entry) && handlersOf(entry)!.elements.every(({ value }) => isOwn(value))

const isOwnEvent = (groups: JsonArray): boolean =>
  groups.elements.length > 0 && groups.elements.every(one => isAllOwn(one.value))

function stateOf(text: string, command: string): HookState {
  const found: string[] = []
  for (const { key, value } of hooksOf(rootOf(text))?.elements ?? [])
    for (const { value: entry } of value.kind === 'array' ? value.elements : [])
      for (const { value: handler } of handlersOf(entry)?.elements ?? [])
        if (isOwn(handler)) {
          const fields = ['type', 'command', 'timeout'].map(name => textOf(memberOf(handler, name)?.value))
          found.push(JSON.stringify([key, textOf(memberOf(entry, 'matcher')?.value) ?? null, ...fields]))
        }
  if (found.length === 0) return 'none'
  const wanted = EVENTS.map(([event, matcher]) =>
    JSON.stringify([event, matcher ?? null, 'command', command, TIMEOUT_S]),
  )
  return found.sort().join() === wanted.sort().join() ? 'installed' : 'outdated'
}

// --- writing --------------------------------------------------------------------------------------------

function addGroup(text: string, event: string, value: object): string {
  const root = rootOf(text)
  const hooks = hooksOf(root)
  if (!hooks) return insert(text, root, 'hooks', { [event]: [value] })
  const groups = memberOf(hooks, event)?.value
  if (!groups) return insert(text, hooks, event, [value])
  if (groups.kind !== 'array') throw new Unexpected(groups.start, `hooks.${event} must be a list`)
  return insert(text, groups, null, value)
}

function insert(text: string, container: JsonObject | JsonArray, key: string | null, value: object): string {
  const unit = indentUnit(text)
  const indent = memberIndent(text, container, unit)
  const newline = newlineOf(text)
  const lines = json(value, unit).replaceAll('\n', `${newline}${indent}`)
  return insertLast(text, container, key === null ? lines : `"${key}": ${lines}`, `${newline}${indent}`)
}

/** What stands before the first member of the root: the file's own indentation. */
function indentUnit(text: string): string {
  const first = rootOf(text).elements[0]
  return (first && ownLine(text, first.start)) || '  '
}

function memberIndent(text: string, container: JsonObject | JsonArray, unit: string): string {
  const first = container.elements[0]
  return (first && ownLine(text, first.start)) ?? lineStart(text, container.start) + unit
}

/** The blanks before a place, when nothing else stands before it on its line; null otherwise. */
function ownLine(text: string, at: number): string | null {
  return /\n([ \t]*)$/.exec(text.slice(0, at))?.[1] ?? null
}

function lineStart(text: string, at: number): string {
  const from = text.lastIndexOf('\n', at) + 1
  return /^[ \t]*/.exec(text.slice(from, at))![0]
}

/** @returns null when nothing is left of a file that was made for the hooks */
function cleared(text: string): string | null {
  for (let soFar = text; ; ) {
    const root = rootOf(soFar)
    const hooks = hooksOf(root)
    if (
      !hooks?.elements.some(
        ({ value }) => value.kind === 'array' && value.elements.some(one => hasOwn(one.value)),
      )
    )
      return soFar
    const next = removeOnce(soFar, root, hooks)
    if (next === null) return null
    soFar = next
  }
}

/** Takes out the largest piece that is all ours. */
function removeOnce(text: string, root: JsonObject, hooks: JsonObject): string | null {
  // What we write has several lines; a text without them was rewritten by another program since.
  const isRewritten = !text.slice(hooks.start, hooks.end).includes('\n')
  const made = (node: JsonObject | JsonArray) => isRewritten || isMadeWhole(text, node)
  if (hooks.elements.every(({ value }) => value.kind === 'array' && isOwnEvent(value) && made(value))) {
    if (!made(hooks)) return removeContent(text, hooks)
    if (root.elements.length > 1)
      return removeElement(
        text,
        root,
        root.elements.findIndex(m => m.value === hooks),
      )
    const outside = text.slice(0, root.start) + text.slice(root.end)
    return made(root) && outside.trim() === '' ? null : removeContent(text, root)
  }
  for (const [i, { value }] of hooks.elements.entries()) {
    if (value.kind !== 'array') continue
    if (isOwnEvent(value)) return made(value) ? removeElement(text, hooks, i) : removeContent(text, value)
    for (const [j, { value: entry }] of value.elements.entries()) {
      if (isAllOwn(entry)) return removeElement(text, value, j)
      const handlers = hasOwn(entry) ? handlersOf(entry)! : null
      if (handlers)
        return removeElement(
          text,
          handlers,
          handlers.elements.findIndex(h => isOwn(h.value)),
        )
    }
  }
  throw new Error('a hook was found that cannot be removed')
}
