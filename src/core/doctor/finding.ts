/** What `wrk doctor` looks at and what it says: facts, findings, fixes. */
import type { HeldLock } from '../claims/claim.ts'
import type { MissingField } from '../commits/form.ts'
import type { UnknownSetting } from '../config.ts'
import type { Reference } from '../items/details.ts'
import type { ItemKey } from '../items/ids.ts'
import type { Problem } from '../items/item.ts'
import type { LeftWork } from '../items/next.ts'
import type { Run } from '../runs/run.ts'

export type FindingCode =
  | Exclude<Problem['code'], 'ambiguous'>
  | 'two-places'
  | 'dead-lock'
  | 'left-work'
  | 'lock-lines'
  | 'ended-session'
  | 'stale-lock'
  | 'cut-short-move'
  | 'circular-dependency'
  | 'dangling-dependency'
  | 'missing-field'
  | 'unreadable-date'
  | 'unknown-priority'
  | 'not-writable'
  | 'not-a-folder'
  | 'unseen-item'
  | 'conflict-copy'
  | 'unknown-setting'
  | 'registry'
  | 'tracked-state'
  | 'not-ignored'
  | 'ignored-folder'
  | 'torn-log'
  | 'left-over'
  | 'unlogged-change'
  | 'kept-bytes'
  | 'hooks'
  | 'agent-hooks'
  | 'merge-driver'

/** `note`: worth knowing, but nothing is wrong; notes do not count for the exit code. */
export type Severity = 'error' | 'warning' | 'note'

export interface Finding {
  code: FindingCode
  severity: Severity
  /** The item's id; null when it is about no item. */
  item: string | null
  path: string | null
  /** Counts from 1 in the file; 0 where no place can be named. */
  line: number
  column: number
  message: string
  /** What --fix does; null when a person must decide. */
  fix: Fix | null
  /** For a person: the command, or what is to be decided. */
  advice: string
}

/** One safe answer. `does` says it in words. */
export type Fix = { does: string } & (
  | { kind: 'release'; id: string }
  | { kind: 'write-lock'; id: string }
  | { kind: 'set-record-aside'; key: ItemKey }
  | { kind: 'remove-put-back'; id: string }
  | { kind: 'clear-half-lock'; id: string }
  | { kind: 'move'; id: string; to: string }
  | { kind: 'remove-copy'; id: string; keep: string; remove: readonly string[] }
  | { kind: 'completeMove'; key: ItemKey }
  | { kind: 'complete-event'; key: ItemKey | null }
  | { kind: 'remove-run'; key: ItemKey; path: string }
  | { kind: 'remove-guard'; key: string }
  | { kind: 'remove-drafts' }
  | { kind: 'repair-log' }
  | { kind: 'rebuild-registry' }
  | { kind: 'install-hooks' }
)

/** One file of an item, as it was read. */
export interface ItemFacts {
  key: ItemKey
  id: string
  folder: string
  name: string
  path: string
  status: string | null
  closed: boolean
  problems: readonly Problem[]
  held: HeldLock | null
  /** The holder is a session that ended. */
  ended: boolean
  /** The caller's own. */
  mine: boolean
  /** Who began it and left it. */
  left: LeftWork | null
  /** The lock lines of the file are not those of its record. */
  linesDiffer: boolean
  /** Why this process cannot change it, being another user's or group's. */
  notOurs: { message: string; hint: string | undefined } | null
  completed: string | undefined
  missing: readonly MissingField[]
  /** The field that should put it off and does not. */
  noDate: { key: string; line: number; column: number } | null
  /** A priority that is not one of the known words. */
  oddPriority: { word: string; line: number; column: number } | null
  blockedBy: readonly Reference[]
  /** The place of its dependencies in the file. */
  blockedByAt: { line: number; column: number }
}

/** Something in `.wrk` that is there only while somebody is at work. */
interface Trace {
  path: string
  ageMs: number
}

/** The same, where the process that left it is known; `dead` is proven. */
interface OwnedTrace extends Trace {
  dead: boolean
}

interface StateFacts {
  guards: (OwnedTrace & { key: string; isEmpty: boolean })[]
  drafts: OwnedTrace[]
  runs: (OwnedTrace & { key: ItemKey; run: Run | null })[]
  /** Of items, and of the registry (null). */
  intents: (OwnedTrace & { key: ItemKey | null })[]
  moves: (Trace & { key: ItemKey; move: { status: string; folder: string } | null })[]
  /** Bytes that were overwritten in the last instant and kept. */
  kept: string[]
  /** Folders of `.wrk` that this process may not write to, and the system's error. */
  unwritable: { path: string; reason: string }[]
  log: Trace & { state: 'whole' | 'behind' | 'torn' | 'unusable' }
}

export interface HookFacts {
  name: string
  path: string
  state: 'none' | 'installed' | 'outdated' | 'edited' | 'foreign' | 'overwritten'
  kept: string | null
  /** The file by which git reaches wrk though the hook is not wrk's. */
  via: string | null
}

/** Hooks of an agent that are installed. */
export interface AgentHookFacts {
  agent: string
  /** Whether a file of them is missing, or of another version. */
  state: 'installed' | 'outdated' | 'missing'
  /** Why they find no wrk; null when they do. */
  unreachable: string | null
  /** Whether one of them ever ran in this workspace, on this machine. */
  seen: boolean
}

type UnknownSettingFacts = Omit<UnknownSetting, 'offset'> & { path: string; line: number; column: number }

export interface Facts {
  now: Date
  ttlMs: number
  takeover: 'ttl' | 'dead-only'
  root: string
  /** In the queue's order. */
  items: readonly ItemFacts[]
  /** Every id that was seen, also of files that went away or moved meanwhile. */
  known: ReadonlySet<ItemKey>
  /** Of ids in several places: whether the files are the same, byte for byte. */
  identical: ReadonlySet<ItemKey>
  /** Links and other things in place of the queue's folders. */
  notFolders: readonly { path: string; isLink: boolean }[]
  /** Files that look like items, where or as wrk reads none. */
  unseen: readonly string[]
  /** Keys of wrk.yaml that mean nothing. */
  unknownSettings: readonly UnknownSettingFacts[]
  state: StateFacts
  agents: readonly AgentHookFacts[]
  registry: {
    path: string
    /** Why this process cannot change it. */
    notOurs: ItemFacts['notOurs']
    broken: { message: string; line: number; column: number; isText: boolean } | null
  }
  /** Null where the queue is in no repository, or git cannot be asked. */
  git: {
    tracked: readonly string[]
    notIgnored: boolean
    /** Folders of the queue that git ignores though it keeps others; `rule` with its place. */
    ignored: readonly { path: string; items: number; rule: string }[]
    hooks: readonly HookFacts[]
    /** They were installed, and git no longer reaches all of them. */
    hooksGone: boolean
    /** Whether git asks wrk to merge items; `lines` are those of the queue's .gitattributes. */
    mergeDriver?: {
      state: 'none' | 'installed' | 'outdated' | 'gone' | 'foreign'
      lines: 'none' | 'installed' | 'outdated' | null
    }
  } | null
}

/** What is left behind by a crash is there this long at least; what is younger may be somebody's at work. */
export const LEFT_OVER_MS = 30_000

/** A finding with nothing said but what; spread what else there is to say over it. */
export function newFinding(code: FindingCode, severity: Severity, message: string, advice: string): Finding {
  return { code, severity, item: null, path: null, line: 0, column: 0, message, fix: null, advice }
}

/** Whether two findings are the same one, seen twice. */
export function isSameFinding(a: Finding, b: Finding): boolean {
  return a.code === b.code && a.item === b.item && a.path === b.path && a.message === b.message
}

/** Whether something needs a repair. */
export function counts({ severity }: Finding): boolean {
  return severity !== 'note'
}
