/** What wrk.yaml may say: each setting by its words, and the first that is wrong with its place. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_SETTINGS, readSettings, type Settings, unknownSettings } from '../../src/core/config.ts'
import { readFull } from '../../src/markdown/read/full.ts'

function fieldsOf(text: string) {
  const read = readFull(text, { source: 'file' })
  if (read.kind === 'error') throw new Error(read.error.message)
  return read.map
}

const HOUR = 3_600_000

describe('the settings', () => {
  test('are these by default', () => {
    expect(readSettings(fieldsOf('other: 1\n'))).toEqual({
      settings: {
        idPrefix: 'WRK',
        ttlMs: 2 * HOUR,
        takeover: 'ttl',
        unlisted: 'dead',
        worktrees: 'shared',
        isCoordinated: false,
      },
      problem: null,
    })
  })

  test.each<[text: string, settings: Partial<Settings>]>([
    ['id_prefix: JOB', { idPrefix: 'JOB' }],
    ['id_prefix: workspace-hub', { idPrefix: 'workspace-hub' }],
    ['id_prefix: a_1-B2', { idPrefix: 'a_1-B2' }],
    ['ttl: 90m', { ttlMs: 1.5 * HOUR }],
    ['ttl: "5400"', { ttlMs: 1.5 * HOUR }],
    ['ttl: 0', { ttlMs: 0 }],
    ['takeover: dead-only', { takeover: 'dead-only' }],
    ['takeover: ttl', { takeover: 'ttl' }],
    ['unlisted: unknown', { unlisted: 'unknown' }],
    ['unlisted: dead', { unlisted: 'dead' }],
    ['worktrees: own', { worktrees: 'own' }],
    ['worktrees: shared', { worktrees: 'shared' }],
    ['ttl:\ntakeover: ~\nunlisted: ""\nid_prefix: null', {}],
    ['ttl: 1h\ntakeover: dead-only', { ttlMs: HOUR, takeover: 'dead-only' }],
  ])('%j', (text, settings) => {
    expect(readSettings(fieldsOf(text))).toEqual({
      settings: { ...DEFAULT_SETTINGS, ...settings },
      problem: null,
    })
  })

  test.each([
    ['id_prefix: 1a', 'id_prefix', 'WRK'],
    ['id_prefix: a b', 'id_prefix', 'WRK'],
    ['id_prefix: a-', 'id_prefix', 'WRK'],
    ['id_prefix: -a', 'id_prefix', 'WRK'],
    ['id_prefix: a--b', 'id_prefix', 'WRK'],
    ['id_prefix: a-1', 'id_prefix', 'WRK'],
    ['id_prefix: a.b', 'id_prefix', 'WRK'],
    ['id_prefix: a-b.c', 'id_prefix', 'WRK'],
    ['ttl: soon', 'ttl', '2h'],
    ['ttl: [2h]', 'ttl', '2h'],
    ['takeover: never', 'takeover', 'ttl or dead-only'],
    ['takeover: {ttl: 1}', 'takeover', 'ttl or dead-only'],
    ['unlisted: Dead', 'unlisted', 'dead or unknown'],
    ['worktrees: both', 'worktrees', 'shared or own'],
  ])('%j is reported with its place and what is expected', (text, key, expected) => {
    const { settings, problem } = readSettings(fieldsOf(`# ours\n${text}\n`))
    expect(problem).toEqual({ key, offset: 7, expected: expect.stringContaining(expected) })
    expect(settings).toEqual(DEFAULT_SETTINGS)
  })

  test('of several wrong ones, one is reported: the first in the order above', () => {
    const { problem } = readSettings(fieldsOf('worktrees: x\nttl: x\n'))
    expect(problem).toMatchObject({ key: 'ttl', offset: 13 })
  })
})

describe('keys that no command reads', () => {
  test('are reported with their place and a suggestion', () => {
    const text = 'ttl: 3h\ntakover: dead-only\n"unlistd": unknown\ncolour: {ttl: 1}\n'
    expect(unknownSettings(fieldsOf(text))).toEqual([
      { key: 'takover', offset: 8, near: ['takeover'] },
      { key: 'unlistd', offset: 27, near: ['unlisted'] },
      { key: 'colour', offset: 46, near: [] },
    ])
  })

  test('are none of these', () => {
    const known = 'id_prefix ttl takeover unlisted worktrees id_ranges providers gates'.split(' ')
    expect(unknownSettings(fieldsOf(known.map(key => `${key}: x\n`).join('')))).toEqual([])
  })
})
