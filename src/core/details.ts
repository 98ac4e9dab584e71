/**
 * What an item says beside its status and lock: on what it waits, where it may be worked on, how old it is.
 * Real queues spell the same thing in several ways; all are read, none is written.
 */
import type { YamlMap, YamlNode } from '../markdown/node.ts'
import { findPair, scalarText } from '../markdown/scalar.ts'
import { type ItemKey, keyOfField } from './ids.ts'
import { parseInstant } from './time.ts'

export interface Details {
  /** Ids as they are written, and the items that they name; null where it is no id. */
  blockedBy: readonly Reference[]
  parent: Reference | null
  /** Machines that the item is bound to; none: any will do. */
  machines: readonly string[]
  repos: readonly string[]
  createdAt: Date | null
  /** Not to be begun before this instant. */
  notBefore: Date | null
}

export interface Reference {
  text: string
  key: ItemKey | null
}

const BLOCKED_BY = [
  'blocked_by',
  'blocked-by',
  'blockedBy',
  'depends_on',
  'depends-on',
  'dependsOn',
  'dependencies',
]
/** Whether a key says what an item waits for. */
export function isDependencyKey(key: string): boolean {
  return BLOCKED_BY.includes(key)
}

const PARENT = ['parent', 'parent_wrk']
const MACHINES = ['computer', 'machine', 'machines', 'execution_workstations']
const REPOS = ['target_repos', 'target_repo', 'repository']
const CREATED = ['created_at', 'created']
const NOT_BEFORE = ['not_before', 'parked_until', 'deferred_until']

/** The keys that choosing the next item needs. */
export const CHOOSING_KEYS: readonly string[] = [...BLOCKED_BY, ...MACHINES, ...CREATED, ...NOT_BEFORE]

/** The keys that readDetails looks at. */
export const DETAIL_KEYS: readonly string[] = [...CHOOSING_KEYS, ...PARENT, ...REPOS]

/** Of a file that cannot be read. */
export const NO_DETAILS: Details = {
  blockedBy: [],
  parent: null,
  machines: [],
  repos: [],
  createdAt: null,
  notBefore: null,
}

/** @param idPrefix what a bare number is short for */
export function readDetails(fields: YamlMap, idPrefix: string): Details {
  const all = (keys: readonly string[]) => keys.flatMap(key => words(findPair(fields, key)?.value))
  const reference = (text: string): Reference => ({ text, key: keyOfField(text, idPrefix) })
  const instant = (keys: readonly string[]) => {
    const [text] = all(keys)
    return text === undefined ? null : parseInstant(text)
  }
  const [parent] = all(PARENT)
  return {
    blockedBy: unique(all(BLOCKED_BY)).map(reference),
    parent: parent === undefined ? null : reference(parent),
    machines: unique(all(MACHINES)),
    repos: unique(all(REPOS)),
    createdAt: instant(CREATED),
    notBefore: instant(NOT_BEFORE),
  }
}

/** A list's single values, or one value, which may hold several with commas between. */
function words(node: YamlNode | undefined): string[] {
  if (!node || node.kind === 'map') return []
  const texts = node.kind === 'list' ? node.items.map(scalarText) : (scalarText(node)?.split(',') ?? [])
  return texts.flatMap(text => text?.trim() || [])
}

function unique(texts: readonly string[]): string[] {
  return texts.length < 2 ? [...texts] : [...new Set(texts)]
}
