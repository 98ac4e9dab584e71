/** A queue as `wrk doctor` sees it, in order but for what a test says. */

import { expect } from 'vitest'
import type { Facts, Finding, ItemFacts } from '../../../src/core/doctor/finding.ts'
import type { ItemKey } from '../../../src/core/items/ids.ts'
import type { Problem } from '../../../src/core/items/item.ts'
import { isClosed } from '../../../src/core/items/status.ts'
import type { Liveness } from '../../../src/core/sessions/liveness.ts'

export const NOW = new Date('2026-02-16T19:30:05Z')
export const HOUR = 3_600_000
export const ROOT = '/queue'
export const key = (id: string) => id.toLowerCase() as ItemKey

export function held(verdict: Liveness['verdict'], ageMs = 60_000, by = 'they'): ItemFacts['held'] {
  const at = new Date(NOW.getTime() - ageMs)
  return {
    lock: { by, at },
    liveness: { verdict, reason: 'the test says so' },
    heartbeat: null,
    fileModified: at,
  }
}

export function item(id: string, more: Partial<ItemFacts> = {}): ItemFacts {
  const { status = 'pending', folder = 'pending' } = more
  return {
    key: key(id),
    id,
    folder,
    name: `${id}.md`,
    path: [ROOT, folder, `${id}.md`].filter(Boolean).join('/'),
    status,
    closed: isClosed(status ?? undefined, folder),
    problems: [],
    held: null,
    ended: false,
    mine: false,
    left: null,
    linesDiffer: false,
    notOurs: null,
    completed: undefined,
    missing: [],
    noDate: null,
    oddPriority: null,
    blockedBy: [],
    blockedByAt: { line: 0, column: 0 },
    ...more,
  }
}

export const waitsFor = (...ids: string[]) =>
  ids.map(text => ({ text, key: /\d$/.test(text) ? key(text) : null }))

export function facts(items: ItemFacts[], more: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    ttlMs: 2 * HOUR,
    takeover: 'ttl',
    root: ROOT,
    items,
    known: new Set(items.map(one => one.key)),
    identical: new Set(),
    notFolders: [],
    unseen: [],
    unknownSettings: [],
    registry: { path: `${ROOT}/session-state.yaml`, notOurs: null, broken: null },
    agents: [],
    git: null,
    ...more,
    state: { ...NO_STATE, ...more.state },
  }
}

const NO_STATE: Facts['state'] = {
  guards: [],
  drafts: [],
  runs: [],
  intents: [],
  moves: [],
  kept: [],
  unwritable: [],
  log: { path: `${ROOT}/.wrk/events.jsonl`, state: 'whole', ageMs: 0 },
}

export const state = (more: Partial<Facts['state']>): Partial<Facts> => ({ state: { ...NO_STATE, ...more } })

/** One line a finding; `nowhere` is no place in a file. */
export function lines(found: readonly Finding[]): string[] {
  return found.map(({ severity, code, item, path, line, column, message, advice, fix }) => {
    const place = `${path?.replace(`${ROOT}/`, '') ?? 'nowhere'}${line === 0 && column === 0 ? '' : `:${line}:${column}`}`
    return `${severity} ${code}, ${item ?? 'no item'}, ${place}: ${message} | ${advice}${fix ? ` | --fix: ${fix.does}` : ''}`
  })
}

/** That one thing was found, and that its line has all the parts. */
export function expectOne(found: readonly Finding[], parts: readonly string[]): void {
  const [line, ...more] = lines(found)
  expect(more).toEqual([])
  for (const part of parts) expect(line).toContain(part)
}

export const problem = (code: Problem['code'], blocks = true): Problem => ({
  code,
  message: 'what the reader said',
  line: 3,
  column: 2,
  blocks,
})
