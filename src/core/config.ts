/** The settings of a queue, from wrk.yaml. Unknown keys are passed over; `wrk doctor` names them. */
import type { YamlMap } from '../markdown/node.ts'
import { findPair, scalarText } from '../markdown/scalar.ts'
import { nearWords } from './suggest.ts'
import { parseDuration } from './time.ts'

/** Every key of wrk.yaml, and what a value of it must be, as a message about a wrong one says it. */
export const SETTING_VALUES = {
  id_prefix: 'letters, digits, "_" or "-", such as WRK',
  ttl: 'a length of time such as 2h, 90m or 5400',
  takeover: 'ttl or dead-only',
  unlisted: 'dead or unknown',
  worktrees: 'shared or own',
  coordination: 'engine, remote and offline below it',
  id_ranges: 'a range of numbers such as 1000-1999, by machine',
  providers: 'a list of arguments, or execute: and review: with one each',
  gates: 'plan_reviewed or spec_ref with the complexities that need it',
}

export type SettingKey = keyof typeof SETTING_VALUES

/**
 * What each setting means, and what counts where wrk.yaml does not name it, as it would be written there. For
 * docs/reference/settings.md; no command loads it.
 */
export const SETTINGS: Readonly<Record<SettingKey, { standard: string | null; meaning: string }>> = {
  id_prefix: { standard: 'WRK', meaning: 'what `157` is short for: `WRK-157`' },
  ttl: { standard: '2h', meaning: 'how long a claim lasts after the last heartbeat of its holder' },
  takeover: {
    standard: 'ttl',
    meaning: '`dead-only`: a session that provably lives keeps its items, however long it was silent',
  },
  unlisted: {
    standard: 'dead',
    meaning: '`unknown`: a holder that this machine does not know may live elsewhere',
  },
  worktrees: {
    standard: 'shared',
    meaning:
      '`own`: a linked worktree uses its own queue, not that of the main one; set in that worktree’s own wrk.yaml',
  },
  coordination: {
    standard: null,
    meaning: 'who decides claims across clones; `wrk coordination setup` writes it: docs/machines.md',
  },
  id_ranges: { standard: null, meaning: 'numbers for new items, by machine: `{ devbox: 1000-1999 }`' },
  providers: {
    standard: null,
    meaning: 'how `wrk execute` and `wrk review` run agents: docs/automation/execute-and-review.md',
  },
  gates: {
    standard: null,
    meaning: 'what an item’s plan needs before it is worked on: docs/automation/execute-and-review.md',
  },
}

const SETTING_KEYS = Object.keys(SETTING_VALUES)

export interface Settings {
  /** What `157` is short for: `WRK`. */
  idPrefix: string
  ttlMs: number
  takeover: 'ttl' | 'dead-only'
  unlisted: 'dead' | 'unknown'
  /** `shared`: all worktrees of a repository use the main one's queue. */
  worktrees: 'shared' | 'own'
  /** Whether an engine decides over claims of all clones; the setting itself is read by whoever asks it. */
  isCoordinated: boolean
}

export const DEFAULT_SETTINGS: Settings = {
  idPrefix: 'WRK',
  ttlMs: 2 * 3_600_000,
  takeover: 'ttl',
  unlisted: 'dead',
  worktrees: 'shared',
  isCoordinated: false,
}

export interface SettingProblem {
  key: string
  /** Place of the key in the text. */
  offset: number
  expected: string
}

/** Reads the settings that wrk.yaml gives; what it does not name keeps its default. */
export function readSettings(fields: YamlMap): { settings: Settings; problem: SettingProblem | null } {
  const settings = { ...DEFAULT_SETTINGS }
  let problem: SettingProblem | null = null
  const setting = <T>(key: SettingKey, parse: (text: string) => T | null, apply: (value: T) => void) => {
    const pair = findPair(fields, key)
    if (!pair) return
    const text = scalarText(pair.value)
    if (text === undefined && pair.value.kind === 'scalar') return
    const value = text === undefined ? null : parse(text)
    if (value === null) problem ??= { key, offset: pair.keyStart, expected: SETTING_VALUES[key] }
    else apply(value)
  }
  const oneOf =
    <T extends string>(...words: T[]) =>
    (text: string) =>
      words.find(word => word === text) ?? null

  const { value } = findPair(fields, 'coordination') ?? {}
  settings.isCoordinated = value !== undefined && (value.kind !== 'scalar' || scalarText(value) !== undefined)
  // Sessions of other clones are listed nowhere here.
  if (settings.isCoordinated) settings.unlisted = 'unknown'
  setting('id_prefix', prefixOf, v => (settings.idPrefix = v))
  setting('ttl', parseDuration, v => (settings.ttlMs = v))
  setting('takeover', oneOf('ttl', 'dead-only'), v => (settings.takeover = v))
  setting('unlisted', oneOf('dead', 'unknown'), v => (settings.unlisted = v))
  setting('worktrees', oneOf('shared', 'own'), v => (settings.worktrees = v))
  return { settings, problem }
}

export interface UnknownSetting {
  key: string
  /** Place of the key in the text. */
  offset: number
  /** Suggested keys. */
  near: string[]
}

/** The keys of wrk.yaml that no command reads. */
export function unknownSettings({ pairs }: YamlMap): UnknownSetting[] {
  return pairs
    .filter(({ key }) => !SETTING_KEYS.includes(key))
    .map(({ key, keyStart }) => ({ key, offset: keyStart, near: nearWords(key, SETTING_KEYS) }))
}

function prefixOf(text: string): string | null {
  return /^[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9_]*)*$/.test(text) ? text : null
}
