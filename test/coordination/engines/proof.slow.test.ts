/**
 * Claims of many clones at once, over connections that break, checked against what the server recorded. The checker is
 * itself checked with planted violations.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Engine, SharedEntry } from '../../../src/coordination/engine.ts'
import type { EntryKey } from '../../../src/core/coordination/ref-name.ts'
import { type Operation, violations, writesOf } from '../../support/coordination/checker.ts'
import { ENGINES, type Meeting, meetOver, record } from '../../support/coordination/engines.ts'
import { type Fault, faultyProxy } from '../../support/coordination/proxy.ts'
import { bareRepository, git, HAS_SSH, httpServer } from '../../support/coordination/servers.ts'

const CLONES = 8
const ITEMS = 50
const ROUNDS = 3
/** 1,200 claims over http took 7 minutes on two cores that ten others used as well. */
const LONG = 1_800_000

const keyOf = (name: string): EntryKey => ({ kind: 'claims', name })

interface Tried {
  session: string
  item: string
  round: number
  outcome: Operation['outcome']
}

interface Size {
  clones?: number
  items?: number
  rounds?: number
  /** Called once the queue is set up. */
  begin?: () => void
}

/** Every clone wants every item once in each round, in an order of its own; what was won is given up after the round. */
async function storm(
  meeting: Meeting,
  { clones = CLONES, items = ITEMS, rounds = ROUNDS, begin }: Size = {},
) {
  const engines = await Promise.all(Array.from({ length: clones }, (_, i) => meeting.open(`clone-${i}`)))
  await engines[0]!.prepare()
  begin?.()
  const names = Array.from({ length: items }, (_, i) => `wrk-${i + 1}`)
  const operations: Operation[] = []
  const tried: Tried[] = []
  let entries = new Map<string, SharedEntry>()
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(
      engines.map(async (engine, i) => {
        const offset = Math.floor((i * items) / clones)
        for (const item of [...names.slice(offset), ...names.slice(0, offset)]) {
          const session = `s${i}`
          const expected = entries.get(item) ?? null
          const wanted = record({ id: item, session, epoch: round })
          const swap = await engine.compareAndSwap({ key: keyOf(item), expected, record: wanted })
          const outcome = swap.kind === 'applied' ? 'ok' : swap.kind === 'unknown' ? 'info' : 'fail'
          operations.push({ nonce: wanted.nonce, outcome })
          tried.push({ session, item, round, outcome })
        }
      }),
    )
    entries = await releaseAll(engines[0]!, operations)
  }
  for (const engine of engines) await engine.close()
  return { operations, tried, names }
}

async function releaseAll(engine: Engine, operations: Operation[]): Promise<Map<string, SharedEntry>> {
  const entries = new Map<string, SharedEntry>()
  const all = await engine.list()
  const changes = all.map(entry => {
    if (entry.reading.kind !== 'record') throw new Error(`${entry.key.name} cannot be read`)
    const { nonce } = record()
    return {
      key: entry.key,
      expected: entry,
      record: { ...entry.reading.record, state: 'released' as const, nonce },
    }
  })
  const swaps = await engine.compareAndSwapAll(changes)
  for (const [i, swap] of swaps.entries()) {
    const outcome = swap.kind === 'applied' ? 'ok' : swap.kind === 'unknown' ? 'info' : 'fail'
    operations.push({ nonce: changes[i]!.record.nonce, outcome })
  }
  for (const entry of await engine.list()) entries.set(entry.key.name, entry)
  return entries
}

function winnersOf(tried: readonly Tried[], item: string, round: number): string[] {
  return tried
    .filter(one => one.item === item && one.round === round && one.outcome === 'ok')
    .map(one => one.session)
}

describe(`${CLONES} clones x ${ITEMS} items x ${ROUNDS} rounds`, () => {
  // Over ssh, where each push is a login, fewer: see below.
  test.each(ENGINES.filter(({ name, isHere }) => isHere && name !== 'git over ssh'))(
    'over $name: one winner of each item in each round, as the server recorded it',
    async ({ meet }) => {
      const meeting = await meet()
      const { operations, tried, names } = await storm(meeting)
      expect(tried).toHaveLength(CLONES * ITEMS * ROUNDS)
      for (let round = 1; round <= ROUNDS; round++)
        for (const item of names)
          expect(winnersOf(tried, item, round), `${item}, round ${round}`).toHaveLength(1)
      if (meeting.bare) expect(violations(meeting.bare, operations)).toEqual([])
    },
    LONG,
  )
})

describe.skipIf(!HAS_SSH)('over ssh', () => {
  test(
    '3 clones x 6 items x 2 rounds: one winner each',
    async () => {
      const meeting = await ENGINES.find(({ name }) => name.includes('ssh'))!.meet()
      const { operations, tried, names } = await storm(meeting, { clones: 3, items: 6, rounds: 2 })
      for (let round = 1; round <= 2; round++)
        for (const item of names)
          expect(winnersOf(tried, item, round), `${item}, round ${round}`).toHaveLength(1)
      expect(violations(meeting.bare!, operations)).toEqual([])
    },
    LONG,
  )
})

/** How long the answer to a push is, and where in it the report stands: cuts are made in each part. */
const CUTS = [0, 1, 20, 100, 160, 200, 250, 300, 340, 380, 420, 500]

describe('a connection that breaks', () => {
  async function throughProxy(plan: (push: number) => Fault | null, size: Size) {
    const bare = bareRepository()
    const url = await httpServer(dirname(bare))
    const proxy = await faultyProxy(Number(new URL(url).port))
    const meeting = meetOver(bare, () => `${proxy.url}/${basename(bare)}`)
    const result = await storm(meeting, { ...size, begin: () => proxy.plan(plan) })
    return { ...result, bare, proxy }
  }

  test(
    'in the answer of every second push, at every place: never two winners, and what was said is so',
    async () => {
      const plan = (push: number): Fault | null =>
        push % 2 === 0 ? { kind: 'cutAnswer', after: CUTS[(push / 2) % CUTS.length]! } : null
      const { bare, operations, tried, names, proxy } = await throughProxy(plan, {
        clones: 3,
        items: 12,
        rounds: 2,
      })
      expect(proxy.faults).toBeGreaterThanOrEqual(CUTS.length)
      expect(violations(bare, operations)).toEqual([])
      for (let round = 1; round <= 2; round++)
        for (const item of names) expect(winnersOf(tried, item, round).length, item).toBeLessThanOrEqual(1)
      // Most of them can be known all the same, since they are read back.
      const known = operations.filter(({ outcome }) => outcome !== 'info')
      expect(known.length).toBeGreaterThan(operations.length * 0.9)
    },
    LONG,
  )

  test(
    'in the request, before, in and behind the pack: nothing that failed is there',
    async () => {
      const plan = (push: number): Fault | null =>
        push % 2 === 0
          ? { kind: 'cutRequest', after: [0, 10, 200, 400, 500, 600, 700, 900][(push / 2) % 8]! }
          : null
      const { bare, operations, proxy } = await throughProxy(plan, { clones: 3, items: 8, rounds: 2 })
      expect(proxy.faults).toBeGreaterThan(10)
      expect(violations(bare, operations)).toEqual([])
    },
    LONG,
  )

  test(
    'a server that is killed while it takes pushes loses and doubles nothing',
    async () => {
      const bare = bareRepository()
      // The update hook runs between the pack and the change of the ref: it ends the server itself now and then.
      const hook = join(bare, 'hooks/update')
      const killing = '#!/bin/bash\n[ $((RANDOM % 4)) -eq 0 ] && kill -9 $PPID\nexit 0\n'
      const meeting = meetOver(bare, path => `file://${path}`)
      // Not before the queue is set up, which is refused where the server does not answer.
      const begin = () => writeFileSync(hook, killing, { mode: 0o755 })
      const { operations, tried, names } = await storm(meeting, { clones: 3, items: 8, rounds: 2, begin })
      expect(violations(bare, operations)).toEqual([])
      for (let round = 1; round <= 2; round++)
        for (const item of names) expect(winnersOf(tried, item, round).length, item).toBeLessThanOrEqual(1)
    },
    LONG,
  )
})

describe('the checker finds what it is there for:', () => {
  async function history() {
    const bare = bareRepository()
    const meeting = meetOver(bare, path => path)
    const { operations } = await storm(meeting, { clones: 2, items: 2, rounds: 1 })
    expect(violations(bare, operations)).toEqual([])
    const [write] = writesOf(bare).filter(({ record }) => record?.state === 'held')
    return { bare, operations, write: write! }
  }

  test('an ok that is not there', async () => {
    const { bare, operations } = await history()
    expect(violations(bare, [...operations, { nonce: 'made-up', outcome: 'ok' }])).toEqual([
      'made-up was ok and is not there',
    ])
  })

  test('a fail that is there', async () => {
    const { bare, write } = await history()
    const lie: Operation = { nonce: write.record!.nonce, outcome: 'fail' }
    expect(violations(bare, [lie])).toEqual([`${lie.nonce} failed and is there`])
  })

  test('a push past the lease, as +refspec does it, which rolls a claim back', async () => {
    const { bare, operations, write } = await history()
    execFileSync('git', ['--git-dir', bare, 'update-ref', write.ref, write.to])
    expect(violations(bare, operations).length).toBeGreaterThan(0)
  })

  test('a record that names no predecessor', async () => {
    const { bare, operations, write } = await history()
    const tree = git(bare, 'hash-object', '-t', 'tree', '/dev/null').trim()
    const message = `Claim\n\n${JSON.stringify({ ...write.record, nonce: 'orphan', epoch: 9, session: 'x' })}\n`
    const orphan = git(bare, 'commit-tree', tree, '-m', message).trim()
    execFileSync('git', ['--git-dir', bare, 'update-ref', write.ref, orphan])
    expect(violations(bare, operations)).toEqual([expect.stringContaining('but names undefined')])
  })
})
