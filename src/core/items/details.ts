/**
 * What an item says beside its status and lock: on what it waits, where it may be worked on, how old it is.
 * Real queues spell the same thing in several ways; all are read, none is written.
 */

import { listWords } from '../../markdown/edit/list-words.ts'
import type { YamlMap, YamlPair } from '../../markdown/node.ts'
import { parseInstant } from '../time.ts'
import { type ItemKey, keyOfField } from './ids.ts'

export interface Details {
  /** Ids as they are written, and the items that they name; null where it is no id. */
  blockedBy: readonly Reference[]
  parent: Reference | null
  /** Machines that the item is bound to; none: any will do. */
  machines: readonly string[]
  repos: readonly string[]
  /** When it was made, as it is written: instants are read when they are asked for. */
  createdAt: string | null
  /** Not to be begun before this instant, as it is written. */
  notBefore: string | null
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
  'deps',
]
/** Whether a key says what an item waits for. */
export function isDependencyKey(key: string): boolean {
  return BLOCKED_BY.includes(key)
}

const PARENT = ['parent', 'parent_wrk', 'parent_task_id']
const MACHINES = ['computer', 'machine', 'machines', 'execution_workstations']
const REPOS = ['target_repos', 'target_repo', 'repository']
const CREATED = ['created_at', 'created', 'created_date']
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

type Slot = 'blockedBy' | 'parent' | 'machines' | 'repos' | 'createdAt' | 'notBefore'

const SLOTS = new Map<string, Slot>(
  (
    [
      ['blockedBy', BLOCKED_BY],
      ['parent', PARENT],
      ['machines', MACHINES],
      ['repos', REPOS],
      ['createdAt', CREATED],
      ['notBefore', NOT_BEFORE],
    ] as const
  ).flatMap(([slot, keys]) => keys.map(key => [key, slot] as const)),
)

/** The first field that should put an item off and holds no date, as `tomorrow`; it puts nothing off. */
export function unreadableDate({ pairs }: YamlMap): YamlPair | undefined {
  return pairs.find(
    ({ key, value }) => NOT_BEFORE.includes(key) && listWords(value).some(text => !parseInstant(text)),
  )
}

/** @param idPrefix what a bare number is short for */
export function readDetails(fields: YamlMap, idPrefix: string): Details {
  const details: Details = {
    blockedBy: [],
    parent: null,
    machines: [],
    repos: [],
    createdAt: null,
    notBefore: null,
  }
  for (const { key, value } of fields.pairs) {
    const slot = SLOTS.get(key)
    const texts = slot && listWords(value)
    if (!texts || texts.length === 0) continue
    if (slot === 'createdAt') details.createdAt ??= texts[0]!
    else if (slot === 'notBefore') details.notBefore = later(details.notBefore, texts[0]!)
    else if (slot === 'parent') details.parent ??= reference(texts[0]!, idPrefix)
    else if (slot === 'blockedBy') details.blockedBy = distinct(details.blockedBy, texts, idPrefix)
    else details[slot] = unique(details[slot].length > 0 ? [...details[slot], ...texts] : texts)
  }
  return details
}

function reference(text: string, idPrefix: string): Reference {
  return { text, key: keyOfField(text, idPrefix) }
}

/** Each item once, however it is spelled. */
function distinct(known: readonly Reference[], texts: readonly string[], idPrefix: string): Reference[] {
  const all = known.slice()
  for (const text of texts) {
    const one = reference(text, idPrefix)
    if (!all.some(({ key, text }) => (one.key ? key === one.key : text === one.text))) all.push(one)
  }
  return all
}

/** Of two instants the later one; what cannot be read hides no other. */
function later(known: string | null, text: string): string {
  if (known === null) return text
  const [a, b] = [parseInstant(known), parseInstant(text)]
  return b && (!a || b > a) ? text : known
}

function unique(texts: string[]): string[] {
  return texts.length < 2 ? texts : [...new Set(texts)]
}
