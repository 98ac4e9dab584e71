/** The settings of a queue, from wrk.yaml and the environment. Unknown keys are passed over; `wrk doctor` tells of them. */
import type { YamlMap } from '../markdown/node.ts'
import { findPair, scalarText } from '../markdown/scalar.ts'
import { nearWords } from './suggest.ts'
import { parseDuration } from './time.ts'

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
  const setting = <T>(
    key: string,
    expected: string,
    parse: (text: string) => T | null,
    apply: (value: T) => void,
  ) => {
    const pair = findPair(fields, key)
    if (!pair) return
    const text = scalarText(pair.value)
    if (text === undefined && pair.value.kind === 'scalar') return
    const value = text === undefined ? null : parse(text)
    if (value === null) problem ??= { key, offset: pair.keyStart, expected }
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
  setting('id_prefix', 'letters, digits, "_" or "-", such as WRK', prefixOf, v => (settings.idPrefix = v))
  setting('ttl', 'a length of time such as 2h, 90m or 5400', parseDuration, v => (settings.ttlMs = v))
  setting('takeover', 'ttl or dead-only', oneOf('ttl', 'dead-only'), v => (settings.takeover = v))
  setting('unlisted', 'dead or unknown', oneOf('dead', 'unknown'), v => (settings.unlisted = v))
  setting('worktrees', 'shared or own', oneOf('shared', 'own'), v => (settings.worktrees = v))
  return { settings, problem }
}

const SETTING_KEYS = [
  'id_prefix',
  'ttl',
  'takeover',
  'unlisted',
  'worktrees',
  'coordination',
  'id_ranges',
  'providers',
  'gates',
] as const

export interface UnknownSetting {
  key: string
  /** Place of the key in the text. */
  offset: number
  /** Keys that were perhaps meant. */
  near: string[]
}

/** The keys of wrk.yaml that no command reads. */
export function unknownSettings({ pairs }: YamlMap): UnknownSetting[] {
  return pairs
    .filter(({ key }) => !(SETTING_KEYS as readonly string[]).includes(key))
    .map(({ key, keyStart }) => ({ key, offset: keyStart, near: nearWords(key, SETTING_KEYS) }))
}

function prefixOf(text: string): string | null {
  return /^[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9_]*)*$/.test(text) ? text : null
}
