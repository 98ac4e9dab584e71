/** What findings about items say: how bad, which session holds it, where, and the next step. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/core/doctor/diagnosis.ts'
import type { Facts, ItemFacts } from '../../../src/core/doctor/finding.ts'
import type { Problem } from '../../../src/core/items/item.ts'
import {
  expectOne,
  facts,
  HOUR,
  held,
  item,
  key,
  lines,
  problem,
  state,
  waitsFor,
} from './diagnosis-facts.ts'

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
