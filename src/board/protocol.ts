/**
 * What the board's server and its page say to each other; docs/board.md describes it for others. Types and constants
 * only: both sides import it. Instants are UTC ISO texts.
 *
 *   GET  /api/state             a snapshot: State
 *   GET  /api/changes?after=N   one JSON object a line, as long as the connection lasts: Message
 *   GET  /api/item?id=ID        one item with its text and history: ItemPage
 *   POST /api/act               an Act; the answer is an ActAnswer
 */

import type { GraphLayout } from './model/layout-form.ts'

export const PROTOCOL = 1

/** Which column an item belongs in: the folder that its status leads to. */
export const COLUMNS = ['pending', 'working', 'blocked', 'done', 'archive'] as const
export type BoardColumn = (typeof COLUMNS)[number]

export interface BoardHolder {
  session_id: string
  locked_at: string | null
  expires_at: string
  /** `stale`: a claim would take the item over by age. */
  liveness: 'alive' | 'dead' | 'unknown' | 'stale'
  reason: string
  host: string | null
  pid: number | null
}

/** One file of an item. What an item does not have is left out: there are thousands. */
export interface BoardItem {
  /** `FOLDER/NAME`: distinguishes it from another file of the same id. */
  place: string
  id: string
  /** The same for each way to write the id; `blocked_by` and `parent` name it. */
  key: string
  title: string
  status: string | null
  column: BoardColumn
  priority?: string
  /** 0 is the most urgent, 4 the least; none and unknown words are 2. */
  rank: 0 | 1 | 2 | 3 | 4
  closed?: true
  created_at?: string
  /** What it waits for: the key of an item, or the text where it is no id. */
  blocked_by?: readonly string[]
  parent?: string
  repos?: readonly string[]
  not_before?: string
  problem?: string
  holder?: BoardHolder
  /** Work has begun and was left: by whom, when (null: that session died), and why. */
  orphaned?: { by: string; at: string | null; why: string | null }
  /** Done, and open again only because git or an editor put an older version of the file back. */
  put_back?: true
}

export interface BoardSession {
  session_id: string
  agent: string | null
  host: string | null
  pid: number | null
  liveness: 'alive' | 'dead' | 'unknown'
  reason: string
  started_at: string | null
  heartbeat_at: string | null
  ended_at: string | null
}

/** An event of the log. */
export interface BoardEvent {
  seq: number
  time: string
  type: string
  item: string | null
  session: string | null
  previous_holder: string | null
  reason: string | null
  forced: boolean
}

/** Which queue this is, and what is in place around it. */
export interface QueueFacts {
  name: string
  path: string
  via: string
  id_prefix: string
  ttl_seconds: number
  takeover: string
  version: string
  /** Whether git hooks verify commits; null where there is no repository. */
  hooks: boolean | null
  coordination: string | null
  host: string
  /** How often, at most, a holder's death goes unnoticed. */
  poll_seconds: number
  priorities: readonly string[]
  /** Whether acts can be asked for. */
  acts: boolean
  /** The session that the board acts as. */
  session_id: string
}

export interface State {
  protocol: typeof PROTOCOL
  /** Rises by one with each Message that changes something; `changes?after=N` goes on from here. */
  n: number
  as_of: string
  queue: QueueFacts
  /** False: the queue's folder is gone. */
  there: boolean
  items: BoardItem[]
  sessions: BoardSession[]
  /** The newest last; `seq` rises by one with each. */
  events: BoardEvent[]
  warnings: string[]
}

export interface BoardChange {
  type: 'change'
  n: number
  as_of: string
  there?: boolean
  items?: BoardItem[]
  /** Places that are gone. */
  removed?: string[]
  /** All sessions, where one of them changed. */
  sessions?: BoardSession[]
  events?: BoardEvent[]
  warnings?: string[]
}

export type Message =
  | BoardChange
  /** Nothing has happened: the connection is there. */
  | { type: 'alive'; n: number; as_of: string }
  /** What was asked for goes back further than what is kept: fetch the state again. */
  | { type: 'reset'; n: number; as_of: string }
  /** The board ends. */
  | { type: 'bye'; n: number; as_of: string }

/** Nobody is silent for longer than this, so that whoever hears nothing for twice as long knows. */
export const ALIVE_EVERY_MS = 5_000

export interface ItemPage {
  id: string
  places: {
    place: string
    fields: Record<string, unknown>
    problems: { message: string; line: number }[]
    /** Markdown. */
    body: string
    /** Bytes that were left out at the end. */
    omitted: number
  }[]
  /** Who holds it in another clone, as this one last saw it; with coordination only. */
  elsewhere: { session_id: string | null; host: string | null; state: string; as_of: string } | null
  /** The newest last. */
  events: BoardEvent[]
}

export const ACTS = [
  'claim',
  'release',
  'start',
  'block',
  'unblock',
  'done',
  'reopen',
  'priority',
  'new',
] as const
export type ActVerb = (typeof ACTS)[number]

/** What the page showed of an item when the act was chosen. */
export interface Shown {
  locked_by: string | null
  locked_at: string | null
  status: string | null
}

export type Act =
  | { verb: 'new'; title: string; priority?: string }
  | {
      verb: Exclude<ActVerb, 'new'>
      id: string
      shown: Shown
      /** Of block and reopen; of claim and release it says why another's claim is broken, and then must be given. */
      reason?: string
      force?: true
      priority?: string
    }

export interface ActAnswer {
  ok: boolean
  id: string | null
  /** For people: what happened, or why nothing did. */
  message: string
  hint?: string
  warnings?: string[]
  /** With status 409: the item as it is now. */
  items?: BoardItem[]
}

/** The data inside an exported page. */
export interface Exported {
  state: State
  /** By id; of open items, as far as there is room. */
  pages: Record<string, ItemPage>
  /** Of the dependency graph. */
  layout: GraphLayout
}
