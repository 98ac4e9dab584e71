/** What findings about `.wrk` say: how bad, where, and the next step. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/core/doctor/diagnosis.ts'
import { type Facts, type ItemFacts, LEFT_OVER_MS } from '../../../src/core/doctor/finding.ts'
import { expectOne, facts, HOUR, held, item, key, lines, problem, ROOT, state } from './diagnosis-facts.ts'

describe('what is in .wrk', () => {
  const DAY = 24 * HOUR
  const at = { key: key('WRK-1'), path: `${ROOT}/.wrk/x` }
  const young = LEFT_OVER_MS - 1
  const old = LEFT_OVER_MS
  const run = {
    id: 'run-1',
    holder: 'they',
    process: { pid: 1, started: '', boot: '', pidns: '', host: '' },
    owns: true,
  }
  const broken = { message: 'm', line: 1, column: 1, isText: true }
  const blocked = item('WRK-1', { problems: [problem('unreadable')] })
  const leftOver = 'warning left-over, no item, .wrk/x: '
  const unlogged = 'warning unlogged-change, '
  const toWorking = { status: 'working', folder: 'working' }

  test.each<[what: string, more: Partial<Facts['state']>, parts: string[], items?: ItemFacts[]]>([
    [
      'a dead guard',
      { guards: [{ ...at, dead: true, isEmpty: false, ageMs: young }] },
      [leftOver, 'a left-over guard of wrk-1: its owner is dead | wrk doctor --fix | --fix: remove it'],
    ],
    [
      'a guard of ages',
      { guards: [{ ...at, dead: false, isEmpty: false, ageMs: old }] },
      [leftOver, 'a left-over guard of wrk-1: its owner has kept it far longer', 'wrk doctor --fix'],
    ],
    [
      'an empty guard',
      { guards: [{ ...at, dead: false, isEmpty: true, ageMs: old }] },
      [leftOver, 'the empty guard of wrk-1 | wrk doctor --fix'],
    ],
    [
      'a dead draft',
      { drafts: [{ ...at, dead: true, ageMs: young }] },
      [leftOver, 'dead process', '| wrk doctor --fix | --fix: remove it'],
    ],
    [
      'a draft of yesterday',
      { drafts: [{ ...at, dead: false, ageMs: DAY }] },
      ['note left-over, no item, .wrk/x: ', 'more than a day old', 'Remove it'],
    ],
    [
      'a log that cannot be read',
      { log: { path: at.path, state: 'unusable', ageMs: 0 } },
      ['error torn-log, no item, .wrk/x: ', 'cannot be read', 'must be a regular file'],
    ],
    [
      'a torn log',
      { log: { path: at.path, state: 'torn', ageMs: young } },
      ['warning torn-log, no item, .wrk/x: ', 'incomplete | wrk doctor --fix | --fix: end that line'],
    ],
    [
      'a log that is behind',
      { log: { path: at.path, state: 'behind', ageMs: old } },
      ['warning torn-log, no item, .wrk/x: ', 'the last events', 'wrk doctor --fix | --fix: add them'],
    ],
    [
      'a move that was cut short',
      { moves: [{ ...at, move: toWorking, ageMs: old }] },
      [
        'warning cut-short-move, WRK-1, pending/WRK-1.md: ',
        'moved to working/, where its status working belongs | wrk doctor --fix | --fix: move it to working/',
      ],
      [item('WRK-1', { status: 'working' })],
    ],
    [
      'a move of an item that was moved',
      { moves: [{ ...at, move: toWorking, ageMs: old }] },
      [leftOver, 'a move of wrk-1', 'wrk doctor --fix | --fix: remove it'],
      [item('WRK-1', { status: 'working', folder: 'working' })],
    ],
    [
      'a move of an item that is gone',
      { moves: [{ ...at, move: toWorking, ageMs: old }] },
      [leftOver, 'a move of wrk-1', '--fix: remove it'],
      [],
    ],
    [
      'an intent of an item',
      { intents: [{ ...at, dead: true, ageMs: young }] },
      [`${unlogged}WRK-1, .wrk/x: a change of wrk-1`, 'wrk doctor --fix | --fix: complete the event log'],
    ],
    [
      'an intent of an item that is gone',
      { intents: [{ ...at, dead: false, ageMs: old }] },
      ['note unlogged-change, no item, .wrk/x: a change of wrk-1', 'The item is gone'],
      [],
    ],
    [
      'an intent of the registry',
      { intents: [{ ...at, key: null, dead: false, ageMs: old }] },
      [`${unlogged}no item, .wrk/x: a session`, 'wrk doctor --fix | --fix: complete the event log'],
    ],
    [
      'a run whose process has ended',
      { runs: [{ ...at, run, dead: true, ageMs: young }] },
      [leftOver, 'the run run-1 on wrk-1', 'wrk doctor --fix | --fix: remove it'],
    ],
    [
      'a run that never began',
      { runs: [{ ...at, run: null, dead: false, ageMs: old }] },
      [leftOver, 'a run on wrk-1 that never started', 'wrk doctor --fix | --fix: remove it'],
    ],
    [
      'kept bytes',
      { kept: [at.path] },
      ['warning kept-bytes, no item, .wrk/x: another program wrote this', 'then remove this file'],
    ],
  ])('%s', (_, more, parts, items = [item('WRK-1')]) => {
    const found = diagnose(facts(items, state(more)))
    expectOne(
      found.filter(({ code }) => code !== 'status-folder'),
      parts,
    )
  })

  test('a move and an event of an item that must be repaired first wait for that', () => {
    const moves = [{ ...at, move: toWorking, ageMs: old }]
    const intents = [{ ...at, dead: true, ageMs: old }]
    for (const items of [[blocked], [item('WRK-1'), item('WRK-1', { folder: 'working' })]]) {
      const all = diagnose(facts(items, state({ moves, intents })))
      const found = all.filter(({ code }) => code === 'cut-short-move' || code === 'unlogged-change')
      const [move, event] = lines(found)
      expect(found.map(({ fix }) => fix)).toEqual([null, null])
      expect(move).toContain(
        'warning cut-short-move, no item, .wrk/x: a move of wrk-1 was interrupted | Repair the item first',
      )
      expect(event).toContain('warning unlogged-change, no item, .wrk/x: a change of wrk-1')
      expect(event).toContain('Repair the item first, then: wrk doctor --fix')
    }
  })

  test('the event of a session is completed also while session-state.yaml is broken', () => {
    const intents = [{ ...at, key: null, dead: true, ageMs: old }]
    const registry = { path: '/r', notOurs: null, broken }
    const found = diagnose(facts([], { ...state({ intents }), registry }))
    const [event] = lines(found.filter(({ code }) => code === 'unlogged-change'))
    expect(event).toMatch(/--fix: complete the event log/)
  })

  test.each<[string, Partial<Facts['state']>]>([
    ['a move at work', { moves: [{ ...at, move: toWorking, ageMs: young }] }],
    ['a draft of less than a day', { drafts: [{ ...at, dead: false, ageMs: DAY - 1 }] }],
    [
      'an event of the registry being written',
      { intents: [{ ...at, key: null, dead: false, ageMs: young }] },
    ],
    ['a living run, however old', { runs: [{ ...at, run, dead: false, ageMs: 9 * DAY }] }],
  ])('%s is left alone', (_, more) => {
    expect(diagnose(facts([item('WRK-1')], state(more)))).toEqual([])
  })

  test.each<[why: string, id: string, by: string, owns: boolean, isReported: boolean]>([
    ['holds its item', 'WRK-1', 'they', true, false],
    ['another has its item', 'WRK-1', 'somebody', true, true],
    ['its holder has another item', 'WRK-2', 'they', true, true],
    ['did not take the lock that is there', 'WRK-1', 'they', false, true],
  ])('the note of a dead run that %s: %s, %s, owns %s, is reported: %s', (_, id, by, owns, isReported) => {
    const items = [item(id, { held: held('alive', 0, by) }), item('WRK-3')]
    const found = diagnose(
      facts(items, state({ runs: [{ ...at, run: { ...run, owns }, dead: true, ageMs: 0 }] })),
    )
    expect(found).toHaveLength(isReported ? 1 : 0)
  })
})
