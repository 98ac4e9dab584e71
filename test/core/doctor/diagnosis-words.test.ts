/** What a finding tells whoever reads it: how bad it is, whose it is, where, and the next step. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/core/doctor/diagnosis.ts'
import {
  type Facts,
  type Finding,
  type HookFacts,
  type ItemFacts,
  LEFT_OVER_MS,
} from '../../../src/core/doctor/finding.ts'
import type { Problem } from '../../../src/core/items/item.ts'
import { facts, HOUR, held, item, key, ROOT, state, waitsFor } from './diagnosis-facts.ts'

/** One line a finding; `nowhere` is no place in a file. */
function lines(found: readonly Finding[]): string[] {
  return found.map(({ severity, code, item, path, line, column, message, advice, fix }) => {
    const place = `${path?.replace(`${ROOT}/`, '') ?? 'nowhere'}${line === 0 && column === 0 ? '' : `:${line}:${column}`}`
    return `${severity} ${code}, ${item ?? 'no item'}, ${place}: ${message} | ${advice}${fix ? ` | --fix: ${fix.does}` : ''}`
  })
}

/** That one thing was found, and that its line has all the parts. */
function expectOne(found: readonly Finding[], parts: readonly string[]): void {
  const [line, ...more] = lines(found)
  expect(more).toEqual([])
  for (const part of parts) expect(line).toContain(part)
}

const problem = (code: Problem['code'], blocks = true): Problem => ({
  code,
  message: 'what the reader said',
  line: 3,
  column: 2,
  blocks,
})

describe('what the reader of a file reports', () => {
  test.each<[Problem['code'], advice: string[], held?: ItemFacts['held']]>([
    ['no-frontmatter', ['templates/item.md']],
    ['unreadable', ['Correct line 3']],
    ['duplicate-key', ['line 3']],
    ['id-mismatch', ['the id in line 3', 'rename WRK-1.md']],
    ['unreadable-lock', ['line 3']],
    ['half-lock', ['Empty line 3']],
    ['half-lock', ['wrk claim WRK-1'], held('alive')],
    ['no-permission', ['chmod u+rw /queue/pending/WRK-1.md']],
    ['not-a-file', ['Replace the link by the file itself']],
  ])('%s is reported with its place and %j', (code, advice, holder = null) => {
    for (const [severity, blocks] of [
      ['error', true],
      ['warning', false],
    ] as const) {
      const found = diagnose(facts([item('WRK-1', { problems: [problem(code, blocks)], held: holder })]))
      const text = `${severity} ${code}, WRK-1, pending/WRK-1.md:3:2: what the reader said | `
      expectOne(found, [text, ...advice])
    }
  })

  test('a half lock is emptied only where nothing else has to be repaired first', () => {
    const half = problem('half-lock', false)
    const found = (...problems: Problem[]) => diagnose(facts([item('WRK-1', { problems })]))
    expectOne(found(half), ['--fix: empty locked_at'])
    expect(found(half)[0]!.fix).toMatchObject({ kind: 'clear-half-lock', id: 'WRK-1' })
    expect(found(half, problem('duplicate-key', false))[0]!.fix).not.toBeNull()
    expect(found(half, problem('duplicate-key', true))[0]!.fix).toBeNull()
    expect(found(problem('duplicate-key', false))[0]!.fix).toBeNull()
  })

  test('a duplicate id and a wrong place are reported separately', () => {
    const problems = [problem('ambiguous'), problem('status-folder', false)]
    expect(diagnose(facts([item('WRK-1', { problems })]))).toEqual([])
  })
})

describe('a lock that is left over', () => {
  const text = (more: Partial<ItemFacts>) => diagnose(facts([item('WRK-1', more)]))

  test.each<[code: string, more: Partial<ItemFacts>, reason: string]>([
    ['dead-lock', { held: held('dead') }, 'locked by they, but its holder is dead (the test says so)'],
    ['ended-session', { held: held('dead'), ended: true }, 'locked by they, but its holder is dead'],
    ['stale-lock', { held: held('unknown', 3 * HOUR) }, 'locked by they, but its holder was silent'],
    ['dead-lock', { held: held('dead', 0, 'a\x1b[2Jb') }, 'locked by a?[2Jb, but'],
  ])('%s names its holder and how to get the item', (code, more, reason) => {
    const place = `warning ${code}, WRK-1, pending/WRK-1.md: ${reason}`
    expectOne(text(more), [place, 'wrk claim WRK-1', '--fix: release it'])
    expect(text(more)[0]!.fix).toMatchObject({ kind: 'release', id: 'WRK-1' })
  })

  test('of an item that must be repaired first is released after that', () => {
    const [, lock] = lines(text({ held: held('dead'), problems: [problem('unreadable')] }))
    expect(lock).toMatch(
      /^warning dead-lock.*\| Repair what else is wrong with the item, then: wrk doctor --fix$/,
    )
  })

  test('of an item whose other place was not seen any more is released', () => {
    expectOne(text({ held: held('dead'), problems: [problem('ambiguous')] }), ['--fix: release it'])
  })
})

describe('a status that is not its folder’s', () => {
  const at = 'warning status-folder, WRK-1, pending/WRK-1.md'
  test.each<[why: string, more: Partial<ItemFacts>, parts: string[]]>([
    [
      'is moved, or repaired where the folder is right',
      {
        status: 'working',
        problems: [{ ...problem('ambiguous'), line: 9 }, problem('status-folder', false)],
      },
      [
        `${at}:3:2: the status working does not belong in pending/`,
        'wrk set WRK-1 status=…',
        '--fix: move it to working/',
      ],
    ],
    ['is reported without a place where the file names none', { status: 'working' }, [`${at}: `]],
    [
      'is shown without what a terminal would obey',
      { status: 'working\n' },
      ['the status working? does not belong'],
    ],
    [
      'waits for its holder',
      { status: 'working', held: held('alive') },
      ['held by they;', 'wrk doctor --fix'],
    ],
    [
      'of an archived item without a date is for wrk archive',
      { status: 'archived' },
      ['Its completion date is missing', 'wrk archive WRK-1'],
    ],
    [
      'that is open among the done is asked about',
      { folder: 'done', status: 'working' },
      ['If it is closed: ', 'wrk set WRK-1 status=done.', 'out of done/'],
    ],
    [
      'that is open in the archive is asked about',
      { folder: 'archive/2026-01', status: 'working' },
      ['If it is closed: ', 'wrk set WRK-1 status=archived.', 'out of archive/2026-01/'],
    ],
    [
      'that is open in the archive of old is asked about',
      { folder: 'archived', status: 'working' },
      ['If it is closed: ', 'wrk set WRK-1 status=archived.', 'out of archived/'],
    ],
  ])('%s', (_, more, parts) => {
    expectOne(diagnose(facts([item('WRK-1', more)])), parts)
  })

  test('is left where the item must be repaired first', () => {
    const problems = [problem('unreadable')]
    const [, place] = diagnose(facts([item('WRK-1', { status: 'working', problems })]))
    expectOne([place!], [at, 'Repair what else is wrong with the item first'])
    expect(place!.fix).toBeNull()
  })

  test.each<[what: string, moves: Facts['state']['moves'][number]['move'], of?: string]>([
    ['to another status', { status: 'blocked', folder: 'blocked' }],
    ['that is torn', null],
    ['of another item', { status: 'working', folder: 'working' }, 'WRK-2'],
  ])('is reported beside the note of a move %s', (_, move, of = 'WRK-1') => {
    const moves = [{ key: key(of), path: '/m', move, ageMs: 0 }]
    expectOne(diagnose(facts([item('WRK-1', { status: 'working' })], state({ moves }))), [at, '--fix'])
  })

  test.each<[path: string, folder: string | null]>([
    ['/queue/working', null],
    ['/queue/work', 'working'],
    ['/queue/pending/working', 'working'],
    ['/other/working', 'working'],
  ])('with something else than a folder at %s goes to %s', (path, folder) => {
    const notFolders = [
      { path: '/queue/blocked', isLink: false },
      { path, isLink: false },
    ]
    const found = diagnose(facts([item('WRK-1', { status: 'working' })], { notFolders }))
    const { fix } = found.find(({ code }) => code === 'status-folder')!
    expect(fix && 'to' in fix ? fix.to : null).toBe(folder)
  })

  test('stays out of a month when the archive is not a folder', () => {
    const notFolders = [{ path: '/queue/archive', isLink: true }]
    const archived = item('WRK-1', { status: 'archived', completed: '2026-01-02' })
    expect(diagnose(facts([archived], { notFolders })).map(({ fix }) => fix)).toEqual([null, null])
  })
})

describe('fields', () => {
  const missing = (key: 'id' | 'title' | 'status') => ({ key, line: 4, column: 2, message: `no ${key}` })

  test.each([
    ['id', 'add the line "id: WRK-1"'],
    ['title', 'wrk set WRK-1 title="…"'],
    ['status', 'wrk set WRK-1 status=pending'],
  ] as const)(
    'without a value, which a commit is refused for: a note with the command: %s',
    (name, advice) => {
      for (const closed of [false, true])
        expectOne(diagnose(facts([item('WRK-1', { closed, missing: [missing(name)] })])), [
          'note missing-field, WRK-1, pending/WRK-1.md:4:2:',
          `no ${name} | wrk verify refuses`,
          advice,
        ])
    },
  )

  test('that hold an unknown priority are noted for open items, and count as medium', () => {
    const oddPriority = { word: 'hihg', line: 6, column: 1 }
    expectOne(diagnose(facts([item('WRK-1', { oddPriority })])), [
      'note unknown-priority, WRK-1, pending/WRK-1.md:6:1: unknown priority "hihg". Did you mean',
      'counts as medium',
      'wrk set WRK-1 priority=medium',
    ])
    expect(diagnose(facts([item('WRK-1', { oddPriority, closed: true })]))).toEqual([])
  })

  test('that should put an item off and hold no date are reported for open items', () => {
    const noDate = { key: 'not_before', line: 5, column: 1 }
    expectOne(diagnose(facts([item('WRK-1', { noDate })])), [
      'warning unreadable-date, WRK-1, pending/WRK-1.md:5:1: the field not_before is not a date',
      'wrk set WRK-1 not_before=',
    ])
    expect(diagnose(facts([item('WRK-1', { noDate, closed: true })]))).toEqual([])
  })
})

test('an item of another user is reported with what to do; a closed one as a note, an unreadable one not again', () => {
  const notOurs = { message: 'it belongs to user 0', hint: 'Have it given to you.' }
  const text = 'not-writable, WRK-1, pending/WRK-1.md: it belongs to user 0 | Have it given to you.'
  expectOne(diagnose(facts([item('WRK-1', { notOurs })])), [`warning ${text}`])
  expectOne(diagnose(facts([item('WRK-1', { notOurs, closed: true })])), [`note ${text}`])
  expectOne(diagnose(facts([item('WRK-1', { notOurs, problems: [problem('no-permission')] })])), [
    'no-permission, WRK-1',
  ])
})

describe('an id in several places', () => {
  const done = { status: 'done', folder: 'done' }
  const strays = [
    { status: 'done', folder: '' },
    { status: 'done', folder: 'working' },
    { status: 'done', folder: 'pending' },
  ]
  const twice = (copies: Partial<ItemFacts>[], isSame: boolean) => {
    const items = copies.map(more => item('WRK-1', { problems: [problem('ambiguous')], ...more }))
    const found = diagnose(facts(items, { identical: new Set(isSame ? [key('WRK-1')] : []) }))
    return found.filter(({ code }) => code === 'two-places')
  }

  test('is reported with all of them, and that they differ', () => {
    expectOne(twice([strays[0]!, done], false), [
      'error two-places, WRK-1, WRK-1.md: ',
      'in 2 places: WRK-1.md, done/WRK-1.md |',
      'Compare them',
    ])
  })

  test('that are the same is reported so, with what would be removed', () => {
    expectOne(twice([strays[1]!, done, strays[2]!], true), [
      'in 3 places (identical files): working/WRK-1.md, done/WRK-1.md, pending/WRK-1.md |',
      'git rm',
      '--fix: remove working/WRK-1.md and pending/WRK-1.md,',
    ])
    expect(twice([strays[1]!, done, strays[2]!], true)[0]!.fix).toMatchObject({
      id: 'WRK-1',
      keep: '/queue/done/WRK-1.md',
      remove: ['/queue/working/WRK-1.md', '/queue/pending/WRK-1.md'],
    })
  })

  test.each<[why: string, more: Partial<ItemFacts>]>([
    ['is held', { held: held('dead') }],
    ['must be repaired first', { problems: [problem('unreadable')] }],
    ['has no status', { status: null }],
  ])('is for a person when one of them %s', (_, more) => {
    const [first, , third] = strays
    expect(twice([done, strays[2]!], true)[0]!.fix).not.toBeNull()
    expect(twice([done, { ...strays[2]!, ...more }], true)[0]!.fix).toBeNull()
    expect(twice([{ ...done, ...more }, strays[2]!], true)[0]!.fix).toBeNull()
    expect(twice([done, first!, third!], true)[0]!.fix).toBeNull()
  })

  test('keeps what else is wrong with either from being repaired', () => {
    const items = [
      item('WRK-1', { held: held('dead') }),
      item('WRK-1', { status: 'working', folder: 'done' }),
    ]
    const found = diagnose(facts([...items, item('WRK-2', { held: held('dead') })]))
    expect(found.map(({ code, item, fix }) => `${code} ${item} ${fix?.kind ?? 'person'}`)).toEqual([
      'dead-lock WRK-1 person',
      'status-folder WRK-1 person',
      'two-places WRK-1 person',
      'dead-lock WRK-2 release',
    ])
  })
})

describe('dependencies', () => {
  test('that cannot be met are reported at their places, with what to do', () => {
    const blockedByAt = { line: 5, column: 3 }
    const waiting = (more: Partial<ItemFacts>) =>
      diagnose(facts([item('WRK-1', { blockedBy: waitsFor('WRK-9'), blockedByAt, ...more })]))
    const place = 'dangling-dependency, WRK-1'
    expectOne(waiting({}), [`warning ${place}, pending/WRK-1.md:5:3: waits for WRK-9`, 'never ready'])
    expectOne(waiting({ status: 'done', folder: 'done' }), [`note ${place}, done/WRK-1.md`, 'Nothing to do'])
    expectOne(waiting({ blockedBy: waitsFor('the\x1bvendor') }), ['waits for the?vendor'])
  })

  test('on an item that was seen and has gone meanwhile are not reported', () => {
    const known = new Set([key('WRK-1'), key('WRK-9')])
    expect(diagnose(facts([item('WRK-1', { blockedBy: waitsFor('WRK-9') })], { known }))).toEqual([])
  })

  const ring = (more: Partial<ItemFacts>) => [
    item('WRK-2', { blockedBy: waitsFor('WRK-1') }),
    item('WRK-1', { blockedBy: waitsFor('WRK-2'), ...more }),
  ]

  test('in a circle are reported for its first item, with what to do', () => {
    const place = 'circular-dependency, WRK-1'
    const ways = 'they wait for each other: WRK-1 -> WRK-2 -> WRK-1'
    expectOne(diagnose(facts(ring({}))), [
      `warning ${place}, pending/WRK-1.md: ${ways}`,
      'remove one of them',
    ])
    const past = diagnose(facts(ring({ status: 'done', folder: 'done' })))
    expectOne(past, [`note ${place}, done/WRK-1.md: ${ways}`, 'Nothing to do'])
  })

  test('of an id in two places are those of the open one', () => {
    const closed = item('WRK-1', { status: 'done', folder: 'done', blockedBy: waitsFor('WRK-2') })
    for (const items of [
      [closed, ...ring({})],
      [...ring({}), closed],
    ]) {
      const found = diagnose(facts(items)).filter(({ code }) => code === 'circular-dependency')
      expectOne(found, ['warning circular-dependency, WRK-1, pending/WRK-1.md'])
    }
  })
})

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

describe('around the items', () => {
  test.each([
    [['takeover'], 'Did you mean takeover? Correct it'],
    [['ttl', 'takeover'], 'Did you mean ttl or takeover? Correct it'],
    [[], '| Correct it'],
  ])('a setting near %j', (near, advice) => {
    const unknownSettings = [{ path: `${ROOT}/wrk.yaml`, key: 'x\x1b', line: 4, column: 2, near }]
    expectOne(diagnose(facts([], { unknownSettings })), [
      'warning unknown-setting, no item, wrk.yaml:4:2: unknown setting x?;',
      advice,
    ])
  })

  test.each<[isText: boolean, parts: string[]]>([
    [true, ['correct line 2', '--fix: set it aside']],
    [false, ['wrk must be able to read and write it']],
  ])('a registry that cannot be read, as text or not (%s)', (isText, parts) => {
    const broken = { message: 'why it cannot', line: 2, column: 3, isText }
    expectOne(diagnose(facts([], { registry: { path: `${ROOT}/r.yaml`, notOurs: null, broken } })), [
      'error registry, no item, r.yaml:2:3: the session registry cannot be read: why it cannot',
      ...parts,
    ])
  })

  test.each([
    [true, 'symbolic link'],
    [false, 'it is a file'],
  ])('what is in place of a folder, a link or not (%s)', (isLink, what) => {
    const notFolders = [{ path: `${ROOT}/working`, isLink }]
    expectOne(diagnose(facts([], { notFolders })), [
      'error not-a-folder, no item, working: it is',
      what,
      'Replace it by a folder',
    ])
  })

  test('files like items that no command sees are notes with what to do', () => {
    expectOne(diagnose(facts([], { unseen: [`${ROOT}/pending/a/WRK-1.md`] })), [
      'note unseen-item, no item, pending/a/WRK-1.md: it looks like an item, but no command sees it here |',
      'Items are directly in pending/',
      'WRK-157.md',
    ])
  })

  test('what git has of this machine alone is reported with the next step', () => {
    const git = { tracked: [`${ROOT}/a b.yaml`], notIgnored: true, ignored: [], hooksGone: false, hooks: [] }
    const found = diagnose(facts([], { git }))
    expect(found).toHaveLength(2)
    expectOne(found.slice(0, 1), [
      'warning tracked-state, no item, a b.yaml: git tracks it',
      "git rm -r --cached '/queue/a b.yaml'",
      'wrk init',
    ])
    expectOne(found.slice(1), [
      'note not-ignored, no item, session-state.yaml: git does not ignore it',
      'wrk init',
    ])
    expect(diagnose(facts([], { git: { ...git, tracked: [], notIgnored: false } }))).toEqual([])
  })

  const KEPT = '/hooks/kept'
  const hooks = (...all: [state: HookFacts['state'], kept?: string][]) =>
    diagnose(
      facts([], {
        git: {
          tracked: [],
          notIgnored: false,
          ignored: [],
          hooksGone: false,
          hooks: all.map(([state, kept = null], i) => ({
            name: ['pre-commit', 'post-merge'][i]!,
            path: `/hooks/${i}`,
            state,
            kept,
            via: null,
          })),
        },
      }),
    )

  test.each<[what: string, found: Finding[], parts: string[]]>([
    [
      'none',
      hooks(['none'], ['none']),
      ['note hooks, no item, nowhere: ', 'not installed', 'wrk hooks install'],
    ],
    [
      'none, though another’s is there in place of one of before',
      hooks(['foreign', KEPT], ['none']),
      ['note hooks', 'not installed'],
    ],
    [
      'one of two',
      hooks(['installed'], ['none']),
      [
        'warning hooks, no item, /hooks/1: post-merge: it is not installed, but',
        'wrk hooks install',
        'wrk hooks uninstall',
      ],
    ],
    [
      'one of two, another’s in place of the other',
      hooks(['foreign'], ['installed']),
      ['pre-commit: it is not installed', 'there is another hook', 'wrk hooks uninstall'],
    ],
    [
      'one of two, another’s in place of the other and of what it called',
      hooks(['foreign', KEPT], ['installed']),
      ['pre-commit: it is not installed', 'there is another hook'],
    ],
    [
      'one of before, which calls another',
      hooks(['outdated', KEPT], ['installed']),
      ['pre-commit: it was written by another version', '--fix: install the hooks again'],
    ],
    [
      'one of before',
      hooks(['outdated'], ['installed']),
      ['pre-commit: it was written by another version', 'wrk hooks install | --fix: install the hooks again'],
    ],
    [
      'an install that was cut short',
      hooks(['none', KEPT], ['installed']),
      ['pre-commit: an install was interrupted', 'wrk hooks install | --fix: install the hooks again'],
    ],
    [
      'one that was edited',
      hooks(['edited'], ['installed']),
      ['pre-commit: it was edited', 'a hook of its own'],
    ],
  ])('hooks: %s', (_, found, parts) => {
    expectOne(found, parts)
  })

  test.each<[why: string, isMended: boolean, ...Parameters<typeof hooks>]>([
    ['another program’s is there and nothing was kept', true, ['foreign'], ['outdated']],
    ['another program’s is there beside one that was kept', false, ['foreign', KEPT], ['outdated']],
    ['the other was edited', false, ['edited'], ['outdated']],
    ['the other was edited, and one was kept', false, ['edited'], ['none', KEPT]],
    ['there is none, and nothing was kept', false, ['installed'], ['none']],
  ])('hooks, where %s, are installed again: %s', (_, isMended, ...all) => {
    const fixes = hooks(...all).filter(({ fix }) => fix !== null)
    expect(fixes.map(({ fix }) => fix?.kind)).toEqual(isMended ? ['install-hooks'] : [])
  })

  test('hooks: nothing is reported where git has none', () => {
    expect(hooks()).toEqual([])
  })
})

test('findings come in the order of their repair: those that others depend on first', () => {
  const at = { key: key('WRK-9'), path: '/x', ageMs: 25 * HOUR }
  const all = facts(
    [
      item('WRK-1', { status: 'working', held: held('dead'), problems: [problem('duplicate-key', false)] }),
      item('WRK-1', { blockedBy: waitsFor('WRK-1') }),
      item('WRK-2', { blockedBy: waitsFor('WRK-8') }),
    ],
    {
      unknownSettings: [{ path: '/s', key: 'x', line: 1, column: 1, near: [] }],
      registry: { path: '/r', notOurs: null, broken: { message: 'm', line: 1, column: 1, isText: true } },
      notFolders: [{ path: '/f', isLink: true }],
      git: {
        tracked: ['/r'],
        notIgnored: true,
        ignored: [],
        hooksGone: false,
        hooks: [{ name: 'a', path: '/a', state: 'edited', kept: null, via: null }],
      },
      ...state({
        guards: [{ ...at, path: '/guard', dead: true, isEmpty: true }],
        drafts: [{ ...at, path: '/draft', dead: true }],
        log: { path: '/log', state: 'torn', ageMs: 0 },
        moves: [{ ...at, path: '/move', move: null }],
        intents: [{ ...at, path: '/intent', dead: true }],
        runs: [{ ...at, path: '/run', run: null, dead: true }],
        kept: ['/kept'],
      }),
    },
  )
  expect(diagnose(all).map(({ code, item, path }) => (item ? `${code} ${item}` : `${code} ${path}`))).toEqual(
    [
      ...[
        'unknown-setting /s',
        'registry /r',
        'not-a-folder /f',
        'tracked-state /r',
        'not-ignored /r',
        'hooks /a',
      ],
      ...[
        'left-over /guard',
        'left-over /draft',
        'torn-log /log',
        'left-over /move',
        'unlogged-change /intent',
      ],
      ...['left-over /run', 'kept-bytes /kept'],
      ...['duplicate-key WRK-1', 'dead-lock WRK-1', 'status-folder WRK-1', 'two-places WRK-1'],
      ...['dangling-dependency WRK-2', 'circular-dependency WRK-1'],
    ],
  )
})
