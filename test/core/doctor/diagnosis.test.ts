/** What is wrong with a queue, and what has one safe answer, as a pure decision. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/core/doctor/diagnosis.ts'
import {
  counts,
  type Facts,
  type Finding,
  type HookFacts,
  type ItemFacts,
  LEFT_OVER_MS,
} from '../../../src/core/doctor/finding.ts'
import { homeOf } from '../../../src/core/items/home.ts'
import { fitsFolder, isClosed, STATUS_FOLDERS } from '../../../src/core/items/status.ts'
import { facts, HOUR, held, item, key, NOW, ROOT, state, waitsFor } from './diagnosis-facts.ts'

const result = (findings: Finding[]) => findings.map(({ code, fix }) => `${code} ${fix?.kind ?? 'person'}`)

test('of a queue in order nothing is reported', () => {
  expect(diagnose(facts([item('WRK-1'), item('WRK-2', { held: held('alive') })]))).toEqual([])
})

describe('a lock', () => {
  test.each<[what: string, expected: string[], Partial<ItemFacts>, Partial<Facts>]>([
    ['of a living holder stays', [], { held: held('alive') }, {}],
    ['of an unknown holder stays', [], { held: held('unknown') }, {}],
    ['of a dead holder is released', ['dead-lock release'], { held: held('dead') }, {}],
    [
      'of a session that ended is released',
      ['ended-session release'],
      { held: held('dead'), ended: true },
      {},
    ],
    ['past its time is released', ['stale-lock release'], { held: held('unknown', 3 * HOUR) }, {}],
    ['past its time, but of one who lives', [], { held: held('alive', 3 * HOUR) }, { takeover: 'dead-only' }],
    [
      'of the dead where only they give way',
      ['dead-lock release'],
      { held: held('dead') },
      { takeover: 'dead-only' },
    ],
  ])('%s', (_, expected, more, settings) => {
    expect(result(diagnose(facts([item('WRK-1', more)], settings)))).toEqual(expected)
  })

  test('of an item that must be repaired first is reported and left', () => {
    const problem = { code: 'id-mismatch', message: 'm', line: 2, column: 1, blocks: true } as const
    const found = diagnose(facts([item('WRK-1', { held: held('dead'), problems: [problem] })]))
    expect(result(found)).toEqual(['id-mismatch person', 'dead-lock person'])
    expect(found[0]).toMatchObject({ line: 2, column: 1, severity: 'error', item: 'WRK-1' })
  })

  test('that is half of one is emptied when nobody holds it, and left to its holder otherwise', () => {
    const half = { code: 'half-lock', message: 'm', line: 3, column: 1, blocks: false } as const
    expect(result(diagnose(facts([item('WRK-1', { problems: [half] })])))).toEqual([
      'half-lock clear-half-lock',
    ])
    const problems = [half]
    expect(result(diagnose(facts([item('WRK-1', { problems, held: held('unknown') })])))).toEqual([
      'half-lock person',
    ])
    expect(result(diagnose(facts([item('WRK-1', { problems, held: held('dead') })])))).toEqual([
      'dead-lock release',
    ])
  })
})

describe('a status that is not its folder’s', () => {
  const place = (folder: string, status: string, more: Partial<ItemFacts> = {}) =>
    diagnose(facts([item('WRK-1', { folder, status, ...more })]))

  test.each([
    ['pending', 'in_progress', 'working'],
    ['working', 'pending', 'pending'],
    ['working', 'parked', 'pending'],
    ['pending', 'blocked', 'blocked'],
    ['pending', 'Completed', 'done'],
    ['blocked', 'superseded', 'done'],
  ])('in %s/ with %s goes to %s/', (folder, status, to) => {
    const [finding, ...more] = place(folder, status)
    expect(more).toEqual([])
    expect(finding).toMatchObject({ code: 'status-folder', fix: { kind: 'move', to } })
  })

  test('goes to the month of its completion when it is archived, and to a person when nothing says when', () => {
    const completed = '2026-01-31T23:30:00-02:00'
    expect(place('pending', 'archived', { completed })[0]!.fix).toMatchObject({ to: 'archive/2026-02' })
    expect(place('done', 'archived', { completed: '2025-12-01' })[0]!.fix).toMatchObject({
      to: 'archive/2025-12',
    })
    const [finding] = place('pending', 'archived', { completed: 'soon' })
    expect(finding).toMatchObject({ fix: null, advice: expect.stringContaining('wrk archive WRK-1') })
  })

  test.each(['done', 'archive', 'archive/2026-01', 'archived'])(
    'that is open, in %s/, is for a person: work that is over must not come back by itself',
    folder => {
      const [finding] = place(folder, 'working')
      expect(finding).toMatchObject({ fix: null, advice: expect.stringMatching(/^If it is closed:/) })
      // Also when another holds it now: --fix would not move it afterwards either.
      const [later] = place(folder, 'working', { held: held('alive') })
      expect(later).toMatchObject({
        fix: null,
        advice: expect.stringMatching(/^It is held by they;.*If it is closed:/),
      })
    },
  )

  test('is left while another holds the item, moved for its own holder, and with a dead one’s lock', () => {
    const status = { status: 'working' }
    expect(result(diagnose(facts([item('WRK-1', { ...status, held: held('alive') })])))).toEqual([
      'status-folder person',
    ])
    expect(result(diagnose(facts([item('WRK-1', { ...status, held: held('alive'), mine: true })])))).toEqual([
      'status-folder move',
    ])
    expect(result(diagnose(facts([item('WRK-1', { ...status, held: held('dead') })])))).toEqual([
      'dead-lock release',
      'status-folder move',
    ])
  })

  test('is not reported while its move is noted, nor planned where a link is in the way', () => {
    const moving = item('WRK-1', { status: 'working' })
    const move = { status: 'working', folder: 'working' }
    const note = { key: moving.key, path: '/m', move, ageMs: 10 }
    expect(diagnose(facts([moving], state({ moves: [note] })))).toEqual([])
    const notFolders = [{ path: `${ROOT}/working`, isLink: true }]
    expect(result(diagnose(facts([moving], { notFolders })))).toEqual([
      'not-a-folder person',
      'status-folder person',
    ])
  })

  test('has at most one right folder, and is left alone there', () => {
    const words = ['pending', 'working', 'blocked', 'done', 'archived', 'parked', 'merged', 'Complete', 'odd']
    for (const status of words)
      for (const folder of [...STATUS_FOLDERS, 'archive/2026-01'])
        for (const completed of [undefined, '2026-01-02']) {
          const to = homeOf(status, folder, completed)
          if (fitsFolder(status, folder)) continue
          if (to === null) continue
          expect(fitsFolder(status, to)).toBe(true)
          expect(isClosed(undefined, folder) && !isClosed(status, '')).toBe(false)
        }
  })
})

describe('an id in several places', () => {
  const copies = (a: Partial<ItemFacts>, b: Partial<ItemFacts>, isSame = true) =>
    diagnose(
      facts([item('WRK-1', a), item('WRK-1', b)], { identical: new Set(isSame ? [key('WRK-1')] : []) }),
    ).filter(({ code }) => code === 'two-places')
  const done = { status: 'done', folder: 'done' }
  const stray = { status: 'done', folder: 'pending' }

  test('is reported once; of the same file twice, the one in the wrong folder is removed', () => {
    const [finding, ...more] = copies(stray, done)
    expect(more).toEqual([])
    expect(finding!.fix).toMatchObject({
      kind: 'remove-copy',
      keep: '/queue/done/WRK-1.md',
      remove: ['/queue/pending/WRK-1.md'],
    })
  })

  test.each<[why: string, a: Partial<ItemFacts>, b: Partial<ItemFacts>, isSame?: boolean]>([
    ['they differ', stray, done, false],
    ['both lie well', { ...done, folder: 'archive' }, done],
    ['none lies well', stray, { ...stray, folder: 'working' }],
    ['one is held', { ...stray, held: held('unknown') }, { ...done, held: held('unknown') }],
    ['no status tells', { status: null, folder: 'pending' }, { status: null, folder: 'done' }],
  ])('is for a person when %s', (_, a, b, isSame) => {
    expect(result(copies(a, b, isSame))).toEqual(['two-places person'])
  })
})

describe('dependencies', () => {
  test('on missing items are reported, of closed items as a note', () => {
    const found = diagnose(
      facts([
        item('WRK-1', {
          blockedBy: waitsFor('WRK-9', 'the vendor', 'WRK-2'),
          blockedByAt: { line: 5, column: 1 },
        }),
        item('WRK-2', { status: 'done', folder: 'done', blockedBy: waitsFor('WRK-8') }),
      ]),
    )
    expect(found.map(({ item, severity, line, message }) => [item, severity, line, message])).toEqual([
      ['WRK-1', 'warning', 5, 'waits for WRK-9, which is not in the queue'],
      ['WRK-1', 'warning', 5, 'waits for the vendor, which is not an item id'],
      ['WRK-2', 'note', 0, 'waits for WRK-8, which is not in the queue'],
    ])
  })

  test('in a circle are reported once, as a note when one of them is closed', () => {
    const ring = (closed: boolean) => [
      item('WRK-1', { blockedBy: waitsFor('WRK-2') }),
      item('WRK-2', { blockedBy: waitsFor('WRK-3') }),
      item('WRK-3', {
        blockedBy: waitsFor('WRK-1'),
        ...(closed ? { status: 'done', folder: 'done', closed: true } : {}),
      }),
      item('WRK-4', { blockedBy: waitsFor('WRK-4') }),
    ]
    expect(diagnose(facts(ring(false))).map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: they wait for each other: WRK-1 -> WRK-2 -> WRK-3 -> WRK-1',
      'warning: it waits for itself',
    ])
    expect(diagnose(facts(ring(true))).map(({ severity }) => severity)).toEqual(['warning', 'note'])
  })
})

describe('what is in .wrk', () => {
  const young = LEFT_OVER_MS - 1
  const old = LEFT_OVER_MS
  const run = {
    id: 'run-1',
    holder: 'they',
    process: { pid: 1, started: '', boot: '', pidns: '', host: '' },
    owns: true,
  }
  const one = item('WRK-1')
  const at = { key: one.key, path: '/x' }
  test.each<[what: string, expected: string[], Partial<Facts['state']>]>([
    ['a guard at work', [], { guards: [{ ...at, dead: false, isEmpty: false, ageMs: young }] }],
    [
      'a dead guard',
      ['left-over remove-guard'],
      { guards: [{ ...at, dead: true, isEmpty: false, ageMs: young }] },
    ],
    [
      'a guard of ages',
      ['left-over remove-guard'],
      { guards: [{ ...at, dead: false, isEmpty: false, ageMs: old }] },
    ],
    ['a guard just emptied', [], { guards: [{ ...at, dead: false, isEmpty: true, ageMs: young }] }],
    ['a draft of ages whose owner may live', [], { drafts: [{ path: '/x', dead: false, ageMs: old }] }],
    ['a dead draft', ['left-over remove-drafts'], { drafts: [{ path: '/x', dead: true, ageMs: young }] }],
    ['an intent at work', [], { intents: [{ ...at, dead: false, ageMs: young }] }],
    [
      'an intent of a dead process',
      ['unlogged-change complete-event'],
      { intents: [{ ...at, dead: true, ageMs: young }] },
    ],
    ['an intent left', ['unlogged-change complete-event'], { intents: [{ ...at, dead: false, ageMs: old }] }],
    [
      'an intent of no item',
      ['unlogged-change person'],
      { intents: [{ key: key('WRK-9'), path: '/x', dead: true, ageMs: old }] },
    ],
    [
      'an intent of the registry at work',
      [],
      { intents: [{ key: null, path: '/x', dead: false, ageMs: young }] },
    ],
    [
      'an intent of the registry, left',
      ['unlogged-change complete-event'],
      { intents: [{ key: null, path: '/x', dead: true, ageMs: young }] },
    ],
    ['a run at work', [], { runs: [{ ...at, run, dead: false, ageMs: old }] }],
    ['a dead run', ['left-over remove-run'], { runs: [{ ...at, run, dead: true, ageMs: young }] }],
    ['a run being written', [], { runs: [{ ...at, run: null, dead: false, ageMs: young }] }],
    ['a torn run', ['left-over remove-run'], { runs: [{ ...at, run: null, dead: false, ageMs: old }] }],
    [
      'a move left',
      ['left-over completeMove'],
      { moves: [{ ...at, move: { status: 'working', folder: 'working' }, ageMs: old }] },
    ],
    ['a torn move', ['left-over completeMove'], { moves: [{ ...at, move: null, ageMs: old }] }],
    ['a torn log', ['torn-log repair-log'], { log: { path: '/l', state: 'torn', ageMs: young } }],
    ['a log at work', [], { log: { path: '/l', state: 'behind', ageMs: young } }],
    ['a log behind', ['torn-log repair-log'], { log: { path: '/l', state: 'behind', ageMs: old } }],
    ['a log that cannot be read', ['torn-log person'], { log: { path: '/l', state: 'unusable', ageMs: 0 } }],
    ['kept bytes', ['kept-bytes person'], { kept: ['/k'] }],
  ])('%s: %j', (_, expected, more) => {
    expect(result(diagnose(facts([one], state(more))))).toEqual(expected)
  })

  test('of a dead run that still holds its item is reported by its lock', () => {
    const locked = item('WRK-1', { held: held('dead') })
    const found = diagnose(facts([locked], state({ runs: [{ ...at, run, dead: true, ageMs: old }] })))
    expect(result(found)).toEqual(['dead-lock release'])
  })

  test('a move that was cut short is made', () => {
    const cut = item('WRK-1', { status: 'working' })
    const note = { ...at, move: { status: 'working', folder: 'working' }, ageMs: old }
    expect(result(diagnose(facts([cut], state({ moves: [note] }))))).toEqual(['cut-short-move completeMove'])
  })
})

describe('around the items', () => {
  const hook = (name: string, hookState: HookFacts['state'], kept: string | null = null): HookFacts => {
    return { name, path: `/hooks/${name}`, state: hookState, kept, via: null }
  }
  const hooks = (...all: HookFacts[]) => hooksWhere(false, ...all)
  const hooksWhere = (hooksGone: boolean, ...all: HookFacts[]) => {
    const git = { tracked: [], notIgnored: false, ignored: [], hooksGone, hooks: all }
    return diagnose(facts([], { git })).map(({ severity, fix }) => `${severity} ${fix?.kind ?? 'person'}`)
  }

  test('hooks that were never installed are no more than a note', () => {
    expect(hooks(hook('a', 'none'), hook('b', 'none'))).toEqual(['note person'])
    expect(hooks(hook('a', 'foreign'), hook('b', 'none'))).toEqual(['note person'])
    expect(hooks(hook('a', 'installed'), hook('b', 'installed'))).toEqual([])
  })

  test('hooks that are outdated or half installed are written again, but none that somebody edited', () => {
    expect(hooks(hook('a', 'outdated'), hook('b', 'installed'))).toEqual(['warning install-hooks'])
    expect(hooks(hook('a', 'none', '/hooks/a.kept'), hook('b', 'none'))).toEqual([
      'warning install-hooks',
      'warning person',
    ])
    expect(hooks(hook('a', 'installed'), hook('b', 'none'))).toEqual(['warning person'])
    expect(hooks(hook('a', 'outdated'), hook('b', 'edited'))).toEqual(['warning person', 'warning person'])
  })

  test('hooks that were installed and are gone are written again, also over a manager’s own', () => {
    const gone = ['warning install-hooks', 'warning install-hooks']
    expect(hooksWhere(true, hook('a', 'none'), hook('b', 'foreign'))).toEqual(gone)
    expect(hooksWhere(true, hook('a', 'overwritten', '/hooks/a.kept'), hook('b', 'none'))).toEqual(gone)
    // Two that differ are for a person.
    expect(hooksWhere(true, hook('a', 'foreign', '/hooks/a.kept'), hook('b', 'none'))).toEqual([
      'warning person',
      'warning person',
    ])
  })

  test('hooks of others that ask wrk are a note', () => {
    const reached = { ...hook('a', 'foreign'), via: '.husky/a' }
    expect(hooks(reached, { ...hook('b', 'foreign'), via: '.husky/b' })).toEqual([
      'note person',
      'note person',
    ])
    expect(hooks(reached, hook('b', 'none'))).toEqual(['note person', 'warning person'])
  })

  test('a registry that is not text is for a person, one that is broken is set aside', () => {
    const broken = { message: 'm', line: 2, column: 3, isText: true }
    const path = '/queue/session-state.yaml'
    expect(diagnose(facts([], { registry: { path, notOurs: null, broken } }))).toMatchObject([
      { code: 'registry', line: 2, column: 3, fix: { kind: 'rebuild-registry' } },
    ])
    const [finding] = diagnose(
      facts([], { registry: { path, notOurs: null, broken: { ...broken, isText: false } } }),
    )
    expect(finding!.fix).toBeNull()
  })

  test('what git tracks counts, what it does not ignore does not', () => {
    const git = {
      tracked: ['/queue/session-state.yaml'],
      notIgnored: true,
      ignored: [],
      hooksGone: false,
      hooks: [],
    }
    const found = diagnose(facts([], { git }))
    expect(found.map(({ code, fix }) => [code, fix])).toEqual([
      ['tracked-state', null],
      ['not-ignored', null],
    ])
    expect(found.map(counts)).toEqual([true, false])
  })
})

test('whatever the facts, who may be alive keeps the item, and what a person must repair first is not changed', () => {
  const anItem = fc.record({
    id: fc.constantFrom('WRK-1', 'WRK-2', 'WRK-3'),
    folder: fc.constantFrom('', 'archive/2026-01', ...STATUS_FOLDERS),
    status: fc.constantFrom(null, 'pending', 'working', 'done', 'archived', 'odd'),
    completed: fc.constantFrom(undefined, '2026-01-01'),
    held: fc.constantFrom(null, held('alive'), held('unknown'), held('dead'), held('alive', 3 * HOUR)),
    isBroken: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 6 }), fc.boolean(), (all, isSame) => {
      const items = all.map(({ id, isBroken, ...more }) => {
        const problem = { code: 'unreadable', message: 'm', line: 1, column: 1, blocks: true } as const
        return item(id, { ...more, problems: isBroken ? [problem] : [] })
      })
      const identical = new Set(isSame ? items.map(one => one.key) : [])
      for (const { fix } of diagnose(facts(items, { identical, takeover: 'dead-only' }))) {
        if (!fix || !('id' in fix)) continue
        const copies = items.filter(({ id }) => id === fix.id)
        expect(copies.some(({ problems }) => problems.length > 0)).toBe(false)
        expect(copies.length === 1).toBe(fix.kind !== 'remove-copy')
        expect(copies.some(({ held: one }) => one && one.liveness.verdict !== 'dead' && !isOld(one))).toBe(
          false,
        )
      }
    }),
  )
})

function isOld({ lock, liveness }: NonNullable<ItemFacts['held']>): boolean {
  return liveness.verdict !== 'alive' && NOW.getTime() - lock.at!.getTime() >= 2 * HOUR
}
