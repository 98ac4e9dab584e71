/**
 * wrk's hooks in the text of an agent's settings file: put in and taken out without touching anything else. Pure.
 * The agents' files have two forms, and what is in them is recognised in either: event -> groups with a matcher ->
 * handlers, or event -> handlers.
 *
 * Uninstalling has to leave what was there before, judged by the text alone: a container that was there and was
 * empty has its closing bracket right behind what was put in; one that was made for us has it on its own line. In a
 * file that was made for us what else it needs stands behind the hooks; in one that was there the hooks are last.
 */
import type { JsonArray, JsonNode, JsonObject } from '../../markdown/jsonc.ts'
import type { HookEntry, HookWord, SettingsPlace } from './agent-event.ts'
import { isHookCommand } from './hook-command.ts'
import { isMadeWhole, memberOf, removeContent, removeElement } from './jsonc-edit.ts'
import {
  type Edited,
  guarded,
  insertValue,
  rootOf,
  settingsJson,
  settingValue,
  Unexpected,
} from './settings-text.ts'

/** What a settings file is to hold. */
export interface SettingsHooks extends Pick<SettingsPlace, 'style' | 'root' | 'entries'> {
  command: (word: HookWord) => string
}

/** `unreadable`: no settings at all, or with `hooks` that are none; withHooks says where. */
export type HookState = 'none' | 'installed' | 'outdated' | 'unreadable'

/** Adds the hooks, or renews outdated ones. A text with the very hooks stays as it is, however it is written. */
export function withHooks(text: string | null, hooks: SettingsHooks): Edited {
  return guarded(() => {
    if (text !== null && stateOf(text, hooks) === 'installed') return text
    const bare = text === null ? null : cleared(text, hooks.root)
    if (bare === null) return newFile(hooks)
    return hooks.entries.reduce((soFar, entry) => addEntry(soFar, entry.event, hookValue(entry, hooks)), bare)
  })
}

function newFile(hooks: SettingsHooks): string {
  const entries = hooks.entries.map(entry => [entry.event, [hookValue(entry, hooks)]] as const)
  return `${settingsJson({ hooks: Object.fromEntries(entries), ...hooks.root }, '  ')}\n`
}

/** Takes out every hook of ours, whatever its form. @param root what a file that was made for them holds besides */
export function withoutHooks(text: string, root: SettingsHooks['root']): Edited {
  return guarded(() => cleared(text, root))
}

/** What a settings file holds of wrk's hooks. @param hooks those of this version, for this file */
export function hookState(text: string, hooks: SettingsHooks): HookState {
  try {
    return stateOf(text, hooks)
  } catch (error) {
    if (error instanceof Unexpected) return 'unreadable'
    throw error
  }
}

/** Whether any hooks of wrk are in a text; it need not be settings. */
export function hasHooks(text: string): boolean {
  try {
    return ownHooks(text).length > 0
  } catch (error) {
    if (error instanceof Unexpected) return false
    throw error
  }
}

function hookValue({ matcher, word, fields }: HookEntry, { style, command }: SettingsHooks): object {
  const own = matcher === undefined ? {} : { matcher }
  if (style === 'flat') return { command: command(word), ...own, ...fields }
  return { ...own, hooks: [{ type: 'command', command: command(word), ...fields }] }
}

// --- reading --------------------------------------------------------------------------------------------

function hooksOf(root: JsonObject): JsonObject | undefined {
  const node = memberOf(root, 'hooks')?.value
  if (node && node.kind !== 'object') throw new Unexpected(node.start, 'hooks must be an object')
  return node
}

function isOwn(handler: JsonNode): boolean {
  return isHookCommand(String(settingValue(memberOf(handler, 'command')?.value)))
}

function handlersOf(entry: JsonNode): JsonArray | undefined {
  const node = memberOf(entry, 'hooks')?.value
  return node?.kind === 'array' ? node : undefined
}

const hasOwn = (entry: JsonNode): boolean =>
  isOwn(entry) || (handlersOf(entry)?.elements.some(({ value }) => isOwn(value)) ?? false)

const isAllOwn = (entry: JsonNode): boolean =>
  isOwn(entry) || (hasOwn(entry) && handlersOf(entry)!.elements.every(({ value }) => isOwn(value)))

const isOwnEvent = (entries: JsonArray): boolean =>
  entries.elements.length > 0 && entries.elements.every(one => isAllOwn(one.value))

/** Each hook of ours: its event, what it is for, and its handler with the fields in order. */
function ownHooks(text: string): string[] {
  const found: string[] = []
  for (const { key, value } of hooksOf(rootOf(text))?.elements ?? [])
    for (const { value: entry } of value.kind === 'array' ? value.elements : [])
      for (const handler of isOwn(entry)
        ? [entry]
        : (handlersOf(entry)?.elements ?? []).map(one => one.value))
        if (isOwn(handler))
          found.push(formOf(key, settingValue(memberOf(entry, 'matcher')?.value), scalarsOf(handler)))
  return found.sort()
}

function scalarsOf(handler: JsonNode): object {
  const members = handler.kind === 'object' ? handler.elements : []
  return Object.fromEntries(members.map(({ key, value }) => [key, settingValue(value)]))
}

function formOf(event: string, matcher: unknown, handler: object): string {
  const fields = Object.entries(handler).filter(([name]) => name !== 'matcher' && name !== 'type')
  return JSON.stringify([event, matcher ?? null, fields.sort(([a], [b]) => (a < b ? -1 : 1))])
}

function stateOf(text: string, { entries, command }: SettingsHooks): HookState {
  const found = ownHooks(text)
  if (found.length === 0) return 'none'
  const wanted = entries.map(({ event, matcher, word, fields }) =>
    formOf(event, matcher, { command: command(word), ...fields }),
  )
  return found.join() === wanted.sort().join() ? 'installed' : 'outdated'
}

// --- writing --------------------------------------------------------------------------------------------

function addEntry(text: string, event: string, value: object): string {
  const root = rootOf(text)
  const hooks = hooksOf(root)
  if (!hooks) return insertValue(text, root, 'hooks', { [event]: [value] })
  const present = memberOf(hooks, event)?.value
  if (!present) return insertValue(text, hooks, event, [value])
  if (present.kind !== 'array') throw new Unexpected(present.start, `hooks.${event} must be a list`)
  return insertValue(text, present, null, value)
}

/** @returns null when nothing is left of a file that was made for the hooks */
function cleared(text: string, made: SettingsHooks['root']): string | null {
  for (let soFar = text; ; ) {
    const root = rootOf(soFar)
    const hooks = hooksOf(root)
    if (
      !hooks?.elements.some(
        ({ value }) => value.kind === 'array' && value.elements.some(one => hasOwn(one.value)),
      )
    )
      return soFar
    const next = removeOnce(soFar, root, hooks, made)
    if (next === null) return null
    soFar = next
  }
}

/** Takes out the largest piece that is all ours. */
function removeOnce(
  text: string,
  root: JsonObject,
  hooks: JsonObject,
  besides: SettingsHooks['root'],
): string | null {
  // What we write has several lines; a text without them was rewritten by another program since.
  const isRewritten = !text.slice(hooks.start, hooks.end).includes('\n')
  const made = (node: JsonObject | JsonArray) => isRewritten || isMadeWhole(text, node)
  if (hooks.elements.every(({ value }) => value.kind === 'array' && isOwnEvent(value) && made(value))) {
    if (!made(hooks)) return removeContent(text, hooks)
    const outside = text.slice(0, root.start) + text.slice(root.end)
    if (isMadeForHooks(root, hooks, besides) && made(root) && outside.trim() === '') return null
    if (root.elements.length > 1)
      return removeElement(
        text,
        root,
        root.elements.findIndex(m => m.value === hooks),
      )
    return removeContent(text, root)
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

/** Whether nothing is in a file but the hooks, and behind them what such a file needs. */
function isMadeForHooks(root: JsonObject, hooks: JsonObject, besides: SettingsHooks['root']): boolean {
  const [first, ...others] = root.elements
  return (
    first?.value === hooks &&
    others.length === Object.keys(besides).length &&
    others.every(({ key, value }) => Object.hasOwn(besides, key) && settingValue(value) === besides[key])
  )
}
