/**
 * Single members of objects in a settings file, `{ "enabledPlugins": { "wrk@wrk": true } }`: put in and taken out without
 * touching anything else. Pure. The rules for uninstalling are those of settings-hooks.ts.
 */
import type { JsonObject } from '../../markdown/jsonc.ts'
import { isMadeWhole, memberOf, removeContent, removeElement } from './jsonc-edit.ts'
import { type Edited, guarded, insertValue, rootOf, settingsJson, Unexpected } from './settings-text.ts'

export interface SettingsMember {
  /** The object of the root, and the member's name in it. */
  in: string
  name: string
  value: unknown
}

/** Puts members in; one of that name that is there is replaced. */
export function withMembers(text: string | null, members: readonly SettingsMember[]): Edited {
  return guarded(() => {
    if (text === null) {
      const made = members.map(member => [member.in, { [member.name]: member.value }] as const)
      return `${settingsJson(Object.fromEntries(made), '  ')}\n`
    }
    if (members.every(member => isThere(text, member))) return text
    return members.reduce(
      addMember,
      members.reduce<string>((soFar, one) => withoutMember(soFar, one) ?? '{}', text),
    )
  })
}

export function withoutMembers(text: string, members: readonly Omit<SettingsMember, 'value'>[]): Edited {
  return guarded(() =>
    members.reduce<string | null>((soFar, one) => soFar && withoutMember(soFar, one), text),
  )
}

/** Whether members of these names are in a text, whatever their values are. */
export function hasMembers(text: string, members: readonly Omit<SettingsMember, 'value'>[]): boolean {
  try {
    return members.every(member => {
      const object = memberOf(rootOf(text), member.in)?.value
      return memberOf(object, member.name) !== undefined
    })
  } catch (error) {
    if (error instanceof Unexpected) return false
    throw error
  }
}

function isThere(text: string, member: SettingsMember): boolean {
  const found = memberOf(memberOf(rootOf(text), member.in)?.value, member.name)?.value
  if (!found) return false
  try {
    return JSON.stringify(JSON.parse(text.slice(found.start, found.end))) === JSON.stringify(member.value)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

function addMember(text: string, { in: object, name, value }: SettingsMember): string {
  const root = rootOf(text)
  const present = memberOf(root, object)?.value
  if (!present) return insertValue(text, root, object, { [name]: value })
  return insertValue(text, objectAt(present, object), name, value)
}

function objectAt(node: { kind: string; start: number }, name: string): JsonObject {
  if (node.kind === 'object') return node as JsonObject
  throw new Unexpected(node.start, `${name} must be an object`)
}

/** @returns null when nothing is left of a file that was made for it */
function withoutMember(text: string, member: Omit<SettingsMember, 'value'>): string | null {
  const root = rootOf(text)
  const present = memberOf(root, member.in)?.value
  if (present?.kind !== 'object') return text
  const index = present.elements.findLastIndex(({ key }) => key === member.name)
  if (index < 0) return text
  const isRewritten = !text.slice(present.start, present.end).includes('\n')
  const made = (node: JsonObject) => isRewritten || isMadeWhole(text, node)
  if (present.elements.length > 1) return removeElement(text, present, index)
  if (!made(present)) return removeContent(text, present)
  if (root.elements.length > 1)
    return removeElement(
      text,
      root,
      root.elements.findIndex(({ value }) => value === present),
    )
  const outside = text.slice(0, root.start) + text.slice(root.end)
  return made(root) && outside.trim() === '' ? null : removeContent(text, root)
}
