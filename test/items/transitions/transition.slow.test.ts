/** The rest of transition.test.ts: what takes too long for every run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  atEachCrash,
  type Crash,
  haveStrace,
  runInjected,
  timeless,
} from '../../support/faults/system-calls.ts'
import { item } from '../../support/items.ts'
import { FIRST, PROGRAM } from '../../support/program.ts'
import { makeQueue } from '../../support/queue.ts'
import { loading } from '../../support/run.ts'
import { together } from '../../support/together.ts'
import { expectError, field, pendingNotes, places, textOf, VERBS } from './transition.shared.ts'

/** Refusals, by their code and what they advise. */
const NO = { code: 'INVALID_ITEM', hint: expect.stringContaining('wrk show WRK-1') }
const UNBLOCK = { code: 'INVALID_ITEM', hint: 'First: wrk unblock WRK-1' }
const REOPEN = { code: 'CLOSED', hint: 'First: wrk reopen WRK-1' }

/** Written again, with this status in this folder; or left as it is, and being in this folder now. */
type Outcome =
  | readonly [status: string | null, folder: string]
  | readonly [kept: 'kept', folder: string]
  | typeof NO

const TO_PENDING = ['pending', 'pending'] as const
const TO_WORKING = ['working', 'working'] as const
const TO_BLOCKED = ['blocked', 'blocked'] as const
const TO_DONE = ['done', 'done'] as const

describe('each verb from each state', () => {
  const TABLE: [
    status: string | null,
    folder: string,
    outcomes: Record<Exclude<(typeof VERBS)[number], 'cancel'>, Outcome>,
  ][] = [
    [
      'pending',
      'pending',
      {
        start: TO_WORKING,
        block: TO_BLOCKED,
        unblock: ['kept', 'pending'],
        done: TO_DONE,
        reopen: ['kept', 'pending'],
      },
    ],
    [
      'pending',
      '',
      { start: TO_WORKING, block: TO_BLOCKED, unblock: ['kept', ''], done: TO_DONE, reopen: ['kept', ''] },
    ],
    [
      null,
      'pending',
      { start: TO_WORKING, block: TO_BLOCKED, unblock: TO_PENDING, done: TO_DONE, reopen: NO },
    ],
    [
      'parked',
      'pending',
      { start: TO_WORKING, block: TO_BLOCKED, unblock: TO_PENDING, done: TO_DONE, reopen: NO },
    ],
    [
      'pending',
      'working',
      {
        start: TO_WORKING,
        block: TO_BLOCKED,
        unblock: ['kept', 'pending'],
        done: TO_DONE,
        reopen: ['kept', 'pending'],
      },
    ],
    ['working', 'working', { start: TO_WORKING, block: TO_BLOCKED, unblock: NO, done: TO_DONE, reopen: NO }],
    [
      'in_progress',
      'pending',
      { start: TO_WORKING, block: TO_BLOCKED, unblock: NO, done: TO_DONE, reopen: NO },
    ],
    [
      'blocked',
      'blocked',
      { start: UNBLOCK, block: ['kept', 'blocked'], unblock: TO_PENDING, done: TO_DONE, reopen: NO },
    ],
    [
      'blocked',
      'pending',
      { start: UNBLOCK, block: ['kept', 'blocked'], unblock: TO_PENDING, done: TO_DONE, reopen: NO },
    ],
    ['done', 'done', { start: REOPEN, block: REOPEN, unblock: REOPEN, done: TO_DONE, reopen: TO_PENDING }],
    [
      'completed',
      'pending',
      { start: REOPEN, block: REOPEN, unblock: REOPEN, done: ['completed', 'done'], reopen: TO_PENDING },
    ],
    [
      'superseded',
      'archive/2026-02',
      {
        start: REOPEN,
        block: REOPEN,
        unblock: REOPEN,
        done: ['kept', 'archive/2026-02'],
        reopen: TO_PENDING,
      },
    ],
    [
      'archived',
      'archive/2026-02',
      {
        start: REOPEN,
        block: REOPEN,
        unblock: REOPEN,
        done: ['kept', 'archive/2026-02'],
        reopen: TO_PENDING,
      },
    ],
    [
      null,
      'done',
      { start: REOPEN, block: REOPEN, unblock: REOPEN, done: [null, 'done'], reopen: TO_PENDING },
    ],
  ]
  const CASES = TABLE.flatMap(([status, folder, outcomes]) =>
    VERBS.flatMap(verb => (verb === 'cancel' ? [] : { verb, status, folder, outcome: outcomes[verb] })),
  )

  test.each(CASES)(
    '$verb of an item that is $status in "$folder"',
    async ({ verb, status, folder, outcome }) => {
      const before = item('WRK-1', { status })
      const queue = makeQueue({ [join(folder, 'WRK-1.md')]: before })
      const result = await queue.run(`${verb} WRK-1 --json`)
      const after = textOf(queue)
      if ('code' in outcome) {
        const { error } = expectError(result, 5, outcome.code)
        expect(error).toEqual(expect.objectContaining(outcome))
        expect(error.message).toMatch(/^WRK-1 cannot be (started|blocked|unblocked|reopened): it is /)
        expect([after, places(queue)]).toEqual([before, [folder]])
        return
      }
      const [to, now] = outcome
      expect([result.code, result.json.changed]).toEqual([0, to !== 'kept'])
      expect(places(queue)).toEqual([now])
      if (to === 'kept') expect(after).toBe(before)
      else {
        expect(field(after, 'status') ?? null).toBe(to)
        expect(result.json.item.status).toBe(to)
      }
      // Wherever it lay, it is where its status belongs, unless it lay at the root all the time.
      if (status !== null && now !== '')
        expect((await queue.run('show WRK-1 --json')).stdout).not.toContain('status-folder')
      expect(result.json.item.path).toBe(queue.path(join(now, 'WRK-1.md')))
      expect(field(after, 'locked_by')).toBe(verb === 'start' ? 'tester' : '')
      expect(after.split('---\n')[2]).toBe(before.split('---\n')[2])
      expect(pendingNotes(queue)).toEqual([])
      expect(queue.leftovers()).toEqual([])
      // To do it again changes nothing more.
      const again = await queue.run(`${verb} WRK-1 --json`)
      expect(again.code).toBe(0)
      if (verb !== 'start') expect(again.json.changed).toBe(false)
      expect(field(textOf(queue), 'status')).toBe(field(after, 'status'))
    },
  )
})

describe('many at once', () => {
  test('of 24 that start one item one does; it is in one place', async () => {
    const queue = makeQueue(['WRK-1'])
    const results = await together(
      Array.from({ length: 24 }, (_, i) => ({ args: 'start 1 --json', session: `racer-${i}` })),
      { queue },
    )
    const winners = results.filter(({ code }) => code === 0)
    expect(winners).toHaveLength(1)
    expect(results.filter(({ code }) => code !== 0 && code !== 4).map(({ stdout }) => stdout)).toEqual([])
    expect(places(queue)).toEqual(['working'])
    expect(field(textOf(queue), 'locked_by')).toBe(winners[0]!.json.lock.locked_by)
    expect(queue.events().filter(({ type }) => type === 'started')).toHaveLength(1)
  })

  test('starting, blocking, finishing, archiving, reopening and claiming at the same moment leaves one consistent file', async () => {
    for (let round = 0; round < 4; round++) {
      const queue = makeQueue({
        'pending/WRK-1.md': item('WRK-1'),
        'pending/WRK-2.md': item('WRK-2', { blocked_by: '1' }),
      })
      const verbs = [
        'start 1',
        'block 1',
        'unblock 1',
        'done 1',
        'archive 1',
        'reopen 1',
        'claim 1',
        'done 1',
        'start 1',
      ]
      const results = await together(
        [...verbs, ...verbs].map((args, i) => ({ args: `${args} --json`, session: `racer-${i}` })),
        { queue },
      )
      // A refusal has its reasons; nothing else may go wrong, and no item is ever in two places or in none.
      for (const { code, stdout, stderr } of results) {
        expect({ allowed: [0, 4, 5].includes(code!), stdout, stderr }).toMatchObject({ allowed: true })
        expect(stdout).not.toMatch(/AMBIGUOUS|NOT_FOUND/)
      }
      const [folder] = places(queue)
      const text = textOf(queue)
      const status = field(text, 'status')!
      expect((await queue.run('list --json')).json.items[0].problems).toEqual([])
      if (status === 'done' || status === 'archived') expect(field(text, 'locked_by')).toBe('')
      expect(folder!.split('/')[0]).toBe(status === 'archived' ? 'archive' : status)
      // The log is the story of the item: each step may follow the one before, and the last is what the file says.
      const types = queue.events().flatMap(({ type, item }) => (item === 'WRK-1' ? type : []))
      let closed = false
      for (const type of types) {
        if (closed) expect(['archived', 'reopened']).toContain(type)
        closed = type === 'finished' || type === 'archived'
      }
      expect(closed).toBe(status === 'done' || status === 'archived')
      expect(pendingNotes(queue)).toEqual([])
      expect(queue.leftovers()).toEqual([])
    }
  }, 120_000)
})

/** What a claim of an item in a folder comes to. */
const CLAIM: Record<string, number> = { working: 4, blocked: 0, done: 5 }

describe.runIf(haveStrace())('killed on the way', () => {
  const used = async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim 1')
    return queue
  }

  test.each([
    ['start', 'working', 'started', /^rename/],
    ['block', 'blocked', 'blocked', /^rename/],
    ['done', 'done', 'finished', /^/],
  ])('%s: status, lock and folder agree after the next command', async (verb, to, answer, only) => {
    const next = ['start 2', 'block 2', 'unblock 2', 'done 2', 'archive 2']
    let halfway = 0
    const crashed = async ({ queue, number, before, done }: Crash) => {
      const [folder, ...others] = places(queue)
      expect(others).toEqual([])
      const status = field(textOf(queue), 'status')
      // Only the folder may be neither the old nor the new one's.
      const text = textOf(queue)
      const whole = { pending: before['pending/WRK-1.md'], [to]: done[`${to}/WRK-1.md`] }
      expect(timeless(text)).toBe(timeless(whole[status!]))
      if (status === to && folder === 'pending') {
        halfway++
        expect(pendingNotes(queue)).toEqual(['wrk-1'])
      }
      expect((await queue.run(next[number % next.length]!)).code).toBe(0)
      expect(places(queue)).toEqual([status === to ? to : 'pending'])
      expect(textOf(queue)).toBe(text)
      // And the verb itself can be repeated.
      expect((await queue.run(`${verb} 1`)).code).toBe(0)
      expect(places(queue)).toEqual([to])
      expect(field(textOf(queue), 'status')).toBe(to)
      // Drafts in tmp/ go when somebody registers.
      expect((await queue.run('claim 9', { session: 'latecomer' })).code).toBe(1)
      expect((await queue.run('claim 1', { session: 'latecomer' })).code).toBe(CLAIM[to])
      expect(queue.leftovers()).toEqual([])
      const types = queue.events().flatMap(({ type, item }) => (item === 'WRK-1' ? type : []))
      // Who starts again what it has started renews it.
      const times = types.filter(type => type === answer).length
      expect([verb, times]).toEqual([verb, verb === 'start' ? expect.any(Number) : 1])
      expect(times).toBeGreaterThan(0)
    }
    await atEachCrash(await used(), `${verb} 1 --json`, crashed, { only })
    // There is a moment between publishing and moving, and it was met.
    expect(halfway).toBeGreaterThan(0)
  })

  test('a rename that fails leaves the old file or the new one, and says which', async () => {
    for (let number = 1, hits = 1; hits > 0; number++) {
      const queue = await used()
      const failed = runInjected(queue, 'done 1 --json', `rename:error=EACCES:when=${number}`)
      hits = failed.hits
      const { json, code } = failed.result
      const status = field(textOf(queue), 'status')!
      expect(json.ok).toBe(code === 0)
      expect({ number, status }).toEqual({ number, status: code === 0 ? 'done' : 'pending' })
      expect([0, 74]).toContain(code)
      expect((await queue.run('done 1')).code).toBe(0)
      expect(places(queue)).toEqual(['done'])
      expect(pendingNotes(queue)).toEqual([])
    }
  }, 120_000)
})

test('an item that another changes between publishing and moving is in the folder of its new status', async () => {
  for (const [verb, then, folder, status] of [
    ['done', 'reopen 1', 'pending', 'pending'],
    ['block', 'unblock 1', 'pending', 'pending'],
    ['block', 'done 1', 'done', 'done'],
    ['done', 'archive 1', expect.stringMatching(/^archive\//), 'archived'],
  ] as const) {
    const queue = makeQueue(['WRK-1'])
    // Once file and record are published and the guard is given back, which it is by removing its folder.
    const env = loading(
      queue,
      `const fs = require('node:fs')
const { rmdirSync } = fs
const { spawnSync } = require('node:child_process')
fs.rmdirSync = path => {
  rmdirSync(path)
  if (!String(path).endsWith('guards/wrk-1') || fs.existsSync(process.env.HOME + '/hit')) return
  fs.writeFileSync(process.env.HOME + '/hit', '')
  const env = { ...process.env, NODE_OPTIONS: '', BUN_OPTIONS: '', WRK_SESSION_ID: 'other' }
  const { stdout, stderr } = spawnSync(${JSON.stringify(PROGRAM)}, ${JSON.stringify([...FIRST, ...then.split(' ')])}, { env, encoding: 'utf8' })
  fs.writeFileSync(process.env.HOME + '/output', stdout + stderr)
}
`,
    )
    const result = await queue.run(`${verb} 1 --json`, { env })
    expect(result.code).toBe(0)
    const answer = readFileSync(join(queue.home, 'output'), 'utf8')
    expect(answer).not.toContain('wrk: ')
    const { items } = (await queue.run('list --json')).json
    expect(items).toMatchObject([{ id: 'WRK-1', status, folder, locked_by: null, problems: [] }])
    expect(result.json.item.path).toBe(items[0].path)
    expect(pendingNotes(queue)).toEqual([])
    expect((await queue.run('doctor --json')).json.findings).toEqual([])
  }
})
