/**
 * The record decides who holds an item (contract, section 5), whatever git or an editor does to its file: who only
 * looks, is refused or gives a heartbeat leaves the file alone, and old lock lines that come back are history.
 */
import { existsSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { LIBRARY } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { startWatch } from '../watch/watch.shared.ts'

const T = Date.parse('2026-02-16T19:30:05Z')
const later = (ms: number) => stampOf(new Date(T + ms))
/** A command as a session, so long after the beginning. */
const at = (repository: Repository, ms: number, session: string, args: string | readonly string[]) =>
  repository.wrk(args, { session, env: { WRK_NOW: later(ms) } })

const TAKEN_OUT = 'git or an editor removed the lock from the file'

/** What takes the lock out of the file, each with what brings the tree back to where it was. */
const OUTSIDERS: [string, (repository: Repository) => Promise<unknown>][] = [
  ['git reset --hard', repository => repository.git('reset -q --hard')],
  ['git stash', repository => repository.git('stash -q')],
  ['git checkout of a file', repository => repository.git('checkout -q -- .')],
  [
    'git checkout of another branch',
    async repository => {
      await repository.git('checkout -q -f other')
    },
  ],
  ['an editor that writes an old buffer', async repository => repository.write('WRK-1', item('WRK-1'))],
]

async function claimedByS1(): Promise<Repository> {
  const repository = await makeRepository()
  await repository.git('branch other')
  const claimed = await at(repository, 0, 's1', 'claim WRK-1')
  expect(claimed).toMatchObject({ code: 0, stderr: '' })
  expect(repository.read('WRK-1')).toContain('locked_by: "s1"')
  return repository
}

describe('a lock that was taken out of the file', () => {
  test.each(OUTSIDERS)(
    'by %s is held all the same: refused, passed over, and shown by all',
    async (_, act) => {
      const repository = await claimedByS1()
      await act(repository)
      const bytes = repository.read('WRK-1')
      expect(bytes).toContain('locked_by: ""')
      const [status, index] = [
        await repository.git('status --porcelain'),
        await repository.git('rev-parse HEAD'),
      ]

      const refused = await at(repository, MINUTE, 's2', 'claim WRK-1 --json')
      expect(refused.code).toBe(4)
      expect(refused.json.holder).toMatchObject({ session_id: 's1', taken_out: true, named_in_file: null })
      const text = await at(repository, MINUTE, 's2', 'claim WRK-1')
      expect([text.code, text.stderr]).toEqual([4, expect.stringContaining(`WRK-1 is held by s1`)])
      expect(text.stderr).toContain(TAKEN_OUT)

      const { items } = (await at(repository, MINUTE, 's2', 'list --json')).json
      expect(items[0]).toMatchObject({ id: 'WRK-1', locked_by: 's1', liveness: 'unknown' })
      const shown = await at(repository, MINUTE, 's2', 'show WRK-1 --json')
      expect(shown.json.holder).toMatchObject({ session_id: 's1', taken_out: true })
      expect((await at(repository, MINUTE, 's2', 'show WRK-1')).stdout).toContain(TAKEN_OUT)
      const { sessions } = (await at(repository, MINUTE, 's2', 'status --json')).json
      expect(sessions.find((one: Json) => one.session_id === 's1').items).toMatchObject([{ id: 'WRK-1' }])
      const { findings } = (await at(repository, MINUTE, 's2', 'doctor --json')).json
      expect(findings).toContainEqual(expect.objectContaining({ code: 'lock-lines', item: 'WRK-1' }))
      const queue = { home: tempFolder(), root: join(repository.top, repository.queue) } as Queue
      const watcher = await startWatch(queue, '--json', { env: { WRK_NOW: later(MINUTE) } })
      const { items: watched } = watcher.events[0]
      expect(watched[0]).toMatchObject({ id: 'WRK-1', holder: { session_id: 's1', taken_out: true } })
      await watcher.end()
      const beat = await at(repository, MINUTE, 's1', 'heartbeat --json')
      expect([beat.code, beat.json.dropped, beat.json.superseded]).toEqual([0, ['WRK-1'], []])
      const { openQueue } = (await import(/* @vite-ignore */ LIBRARY)) as typeof import('../../src/index.ts')
      const root = join(repository.top, repository.queue)
      const library = await openQueue(root, { session: 'lib', env: { WRK_NOW: later(MINUTE) } })
      expect(await library.claim('WRK-1')).toMatchObject({ kind: 'held', holder: { session_id: 's1' } })
      expect((await at(repository, MINUTE, 's2', 'next --claim --json')).json.item.id).toBe('WRK-2')

      // Nobody who looked, was refused or gave a heartbeat touched it.
      expect(repository.read('WRK-1')).toBe(bytes)
      await repository.git('checkout -q -- .')
      expect(await repository.git('rev-parse HEAD')).toBe(index)
      if (status === '') expect(await repository.git('status --porcelain')).toBe('')
    },
  )

  test('by git stash comes back with stash pop, whatever others asked meanwhile', async () => {
    const repository = await claimedByS1()
    const before = repository.read('WRK-1')
    await repository.git('stash -q')
    for (const [session, args] of [
      ['s2', 'claim WRK-1'],
      ['s1', 'heartbeat'],
      ['s2', 'next'],
      ['s2', 'release WRK-1'],
      ['s1', 'claim WRK-1'],
      ['s2', 'doctor'],
      ['s1', 'list'],
    ] as const)
      await at(repository, 2 * MINUTE, session, args)
    expect(repository.read('WRK-1')).toBe(item('WRK-1'))
    expect((await repository.tryGit('stash pop')).code).toBe(0)
    expect(repository.read('WRK-1')).toBe(before)
    expect((await at(repository, 3 * MINUTE, 's2', 'claim WRK-1')).code).toBe(4)
  })

  test.each([
    ['the holder’s next change of it', 's1', 'set WRK-1 priority=low'],
    ['doctor --fix, by anybody', 's2', 'doctor --fix'],
    ['the holder’s renewal, when they have been out for half the TTL', 's1', 'claim WRK-1'],
  ])('is written again by %s', async (_, session, args) => {
    const repository = await claimedByS1()
    await repository.git('reset -q --hard')
    await at(repository, HOUR, 's1', 'heartbeat')
    // Since then nobody has put it back.
    utimesSync(join(repository.top, repository.path('WRK-1')), new Date(T), new Date(T))
    await at(repository, HOUR + MINUTE, session, args)
    if (args.startsWith('claim')) return expect(repository.read('WRK-1')).toContain('locked_by: "s1"')
    expect(repository.read('WRK-1')).toContain('locked_by: "s1"')
    expect((await at(repository, HOUR + 2 * MINUTE, 's2', 'doctor --json')).json.findings).not.toContainEqual(
      expect.objectContaining({ code: 'lock-lines' }),
    )
    expect((await at(repository, HOUR + 2 * MINUTE, 's2', 'claim WRK-1')).code).toBe(4)
  })

  test('of a dead session is taken over, with event and warning', async () => {
    const repository = await claimedByS1()
    await repository.git('reset -q --hard')
    await at(repository, MINUTE, 's1', 'release WRK-2')
    const taken = await at(repository, 2 * HOUR + MINUTE + 1000, 's2', 'claim WRK-1 --json')
    expect([taken.code, taken.json.kind, taken.json.from.locked_by]).toEqual([0, 'takenOver', 's1'])
    expect(taken.stderr).toContain('took over WRK-1 from s1')
    expect(repository.read('WRK-1')).toContain('locked_by: "s2"')
    const answer = await at(repository, 2 * HOUR + 2 * MINUTE, 's1', 'heartbeat --json')
    expect([answer.code, answer.json.superseded[0].by]).toEqual([4, 's2'])
  })

  test('can be released, and the file stays as git left it', async () => {
    const repository = await claimedByS1()
    await repository.git('reset -q --hard')
    expect((await at(repository, MINUTE, 's1', 'release WRK-1')).code).toBe(0)
    expect(await repository.git('status --porcelain')).toBe('')
    expect((await at(repository, MINUTE, 's2', 'claim WRK-1 --json')).json.kind).toBe('granted')
  })
})

describe('old lock lines that come back', () => {
  test.each([
    ['a clock that stood still', 0],
    ['a clock that went back', -3 * HOUR],
    ['a later time', HOUR],
  ])('are history, not a claim: %s', async (_, clock) => {
    const repository = await claimedByS1()
    const held = repository.read('WRK-1')
    await at(repository, 0, 's1', 'release WRK-1')
    repository.write('WRK-1', held)
    const claim = await at(repository, clock, 's2', 'claim WRK-1 --json')
    expect([claim.code, claim.json.kind]).toEqual([0, 'granted'])
    // Once more, now against s2's claim.
    repository.write('WRK-1', held)
    const refused = await at(repository, clock, 's3', 'claim WRK-1 --json')
    expect([refused.code, refused.json.holder.session_id]).toEqual([4, 's2'])
    const mine = await at(repository, clock, 's1', 'release WRK-1 --json')
    expect([mine.code, mine.json.released]).toEqual([4, false])
    expect(repository.read('WRK-1')).toBe(held)
  })

  test('of a helper or run of one’s own are history too', async () => {
    const repository = await makeRepository()
    await at(repository, 0, 's1', 'claim WRK-1 --agent one')
    const held = repository.read('WRK-1')
    await at(repository, 0, 's1', 'release WRK-1 --agent one')
    expect((await at(repository, 0, 's1', 'claim WRK-1 --agent two')).code).toBe(0)
    repository.write('WRK-1', held)
    const refused = await at(repository, MINUTE, 's1', 'claim WRK-1 --agent one --json')
    expect([refused.code, refused.json.holder.session_id]).toEqual([4, 's1/two'])
  })
})

describe('a lock that wrk did not write', () => {
  test('beside a claim that may live is refused with both named, logged, and replaced at the holder’s next change', async () => {
    const repository = await claimedByS1()
    repository.write('WRK-1', heldItem('WRK-1', 'older-tool', later(MINUTE)))
    const refused = await at(repository, 2 * MINUTE, 's2', 'claim WRK-1 --json')
    expect([refused.code, refused.json.holder]).toMatchObject([
      4,
      { session_id: 's1', named_in_file: 'older-tool' },
    ])
    const text = await at(repository, 2 * MINUTE, 's2', 'claim WRK-1')
    expect(text.stderr).toContain('held by s1')
    expect(text.stderr).toContain('older-tool')
    const { events } = (await at(repository, 2 * MINUTE, 's2', 'log --json')).json
    expect(events.at(-1)).toMatchObject({ type: 'refused', session: 's2', previous_holder: 's1' })
    expect(events.at(-1).reason).toContain('older-tool')
    const set = await at(repository, 3 * MINUTE, 's1', 'set WRK-1 priority=low')
    expect(set.code).toBe(0)
    expect(set.stderr).toContain('replaced the lock of older-tool')
    expect(repository.read('WRK-1')).toContain('locked_by: "s1"')
  })

  test.each([
    ['given up', 'release WRK-1'],
    ['of a session that has ended', 'session end'],
  ])('beside a claim that is %s counts by itself', async (_, giveUp) => {
    const repository = await claimedByS1()
    await at(repository, MINUTE, 's1', giveUp)
    repository.write('WRK-1', heldItem('WRK-1', 'claude-otherbox-abc123', later(MINUTE)))
    const refused = await at(repository, 2 * MINUTE, 's2', 'claim WRK-1 --json')
    expect([refused.code, refused.json.holder.session_id]).toEqual([4, 'claude-otherbox-abc123'])
    const taken = await at(repository, 2 * HOUR + MINUTE, 's2', 'claim WRK-1 --json')
    expect([taken.json.kind, taken.json.from.locked_by]).toEqual(['takenOver', 'claude-otherbox-abc123'])
  })

  test('in an item that has no record counts as in older versions', async () => {
    const repository = await makeRepository()
    repository.write('WRK-1', heldItem('WRK-1', 'claude-otherbox-abc123', later(0)))
    expect((await at(repository, MINUTE, 's2', 'claim WRK-1')).code).toBe(4)
    expect((await at(repository, 2 * HOUR, 's2', 'claim WRK-1 --json')).json.kind).toBe('takenOver')
  })
})

test('a warning names the item as its file does, whatever was typed', async () => {
  const queue = makeQueue({ 'WRK-001': item('WRK-001') })
  expect((await queue.run('claim 1')).code).toBe(0)
  queue.write('WRK-001', heldItem('WRK-001', 'older-tool', new Date()))
  const { stderr } = await queue.run('set 1 priority=low')
  expect(stderr).toContain(
    'replaced the lock of older-tool in the file of WRK-001, which wrk had not written',
  )
})

describe('a stash after wrk start', () => {
  const started = async () => {
    const repository = await claimedByS1()
    expect((await at(repository, MINUTE, 's1', 'start WRK-1')).code).toBe(0)
    await repository.git('stash -q')
    for (const folder of ['pending', 'working'])
      expect(existsSync(join(repository.top, repository.queue, folder, 'WRK-1.md'))).toBe(true)
    return repository
  }
  const inQueue = (repository: Repository, name: string) => join(repository.top, repository.queue, name)

  test('leaves the item in two places: holder and others are warned, and the pop works', async () => {
    const repository = await started()
    const shown = await at(repository, 2 * MINUTE, 's2', 'show WRK-1')
    expect(shown.stdout).toContain('git put the committed copy back: pending/WRK-1.md; this one counts')
    const refused = await at(repository, 2 * MINUTE, 's2', 'claim WRK-1 --json')
    expect([refused.code, refused.json.holder.session_id]).toEqual([4, 's1'])
    const says = expect.stringContaining('git put the committed copy')
    for (const [session, args, code] of [
      ['s2', 'claim WRK-1', 4],
      ['s1', 'claim WRK-1', 0],
      ['s1', 'heartbeat', 0],
    ] as const) {
      const called = await at(repository, 2 * MINUTE, session, args)
      expect([args, called.code, called.stderr]).toEqual([args, code, says])
      expect(called.stderr).not.toContain('removed its lock from the file')
    }
    const { items } = (await at(repository, 2 * MINUTE, 's2', 'list --json')).json
    expect(items.filter((one: Json) => one.id === 'WRK-1')).toMatchObject([
      { status: 'working', locked_by: 's1' },
    ])
    expect((await repository.tryGit('stash pop')).code).toBe(0)
    expect(existsSync(inQueue(repository, 'pending/WRK-1.md'))).toBe(false)
    const after = await at(repository, 3 * MINUTE, 's2', 'show WRK-1 --json')
    expect(after.json).toMatchObject({ item: { status: 'working' }, holder: { session_id: 's1' } })
    expect((await at(repository, 3 * MINUTE, 's2', 'doctor --json')).json.remaining ?? 0).toBe(0)
  })

  test.each([
    ['the holder’s next change', 's1', 'set WRK-1 priority=low'],
    ['doctor --fix', 's2', 'doctor --fix'],
  ])('without a pop: %s removes the copy that git put back', async (_, session, args) => {
    const repository = await started()
    await at(repository, 3 * MINUTE, session, args)
    expect(existsSync(inQueue(repository, 'pending/WRK-1.md'))).toBe(false)
    expect(readFileSync(inQueue(repository, 'working/WRK-1.md'), 'utf8')).toContain('locked_by: "s1"')
  })

  test('also of an item that a crash kept from being moved: closed is closed', async () => {
    const repository = await claimedByS1()
    await at(repository, MINUTE, 's1', 'start WRK-1')
    await at(repository, MINUTE, 's1', 'done WRK-1')
    renameSync(inQueue(repository, 'done/WRK-1.md'), inQueue(repository, 'working/WRK-1.md'))
    await repository.git('checkout -q -- .')
    const refused = await at(repository, 2 * MINUTE, 's2', 'claim WRK-1 --json')
    expect([refused.code, refused.json.error.code]).toEqual([5, 'CLOSED'])
    await at(repository, 2 * MINUTE, 's2', 'doctor --fix')
    expect(existsSync(inQueue(repository, 'done/WRK-1.md'))).toBe(true)
    for (const folder of ['pending', 'working'])
      expect(existsSync(inQueue(repository, `${folder}/WRK-1.md`))).toBe(false)
  })

  test('and a copy that a person has changed is for a person: ambiguous, nothing removed', async () => {
    const repository = await started()
    repository.append('WRK-1')
    const refused = await at(repository, 2 * MINUTE, 's1', 'set WRK-1 priority=low')
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('is in 2 places')])
    await at(repository, 2 * MINUTE, 's2', 'doctor --fix')
    expect(existsSync(inQueue(repository, 'pending/WRK-1.md'))).toBe(true)
  })
})

describe('when .wrk is deleted', () => {
  test('(git clean -fdx) claims survive by their lines; what is free is granted with a warning', async () => {
    const repository = await claimedByS1()
    await at(repository, 0, 's1', 'claim WRK-2')
    await repository.git('add -A')
    await repository.git('clean -q -fdx')
    expect(existsSync(join(repository.top, repository.queue, '.wrk'))).toBe(false)
    expect(existsSync(join(repository.top, repository.queue, 'session-state.yaml'))).toBe(false)
    const refused = await at(repository, MINUTE, 's2', 'claim WRK-1 --json')
    expect([refused.code, refused.json.holder.session_id]).toEqual([4, 's1'])
    const granted = await at(repository, MINUTE, 's2', 'claim WRK-3')
    expect(granted.code).toBe(0)
    expect(granted.stderr).toContain('earlier claims are unknown here')
    const renewed = await at(repository, 2 * MINUTE, 's1', 'claim WRK-1 --json')
    expect([renewed.code, renewed.json.kind]).toEqual([0, 'renewed'])
  })

  test('together with the lines in the file: nobody can know, and each grant warns for one TTL', async () => {
    const repository = await claimedByS1()
    await repository.git('reset -q --hard')
    await repository.git('clean -q -fdx')
    const first = await at(repository, MINUTE, 's2', 'claim WRK-1')
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringContaining('earlier claims are unknown here'),
    ])
    const second = await at(repository, 2 * HOUR, 's2', 'claim WRK-2')
    expect([second.code, second.stderr]).toEqual([
      0,
      expect.stringContaining('earlier claims are unknown here'),
    ])
    const third = await at(repository, 2 * HOUR + 2 * MINUTE, 's2', 'claim WRK-3')
    expect([third.code, third.stderr]).toEqual([0, ''])
  })
})

describe('a record that cannot be read', () => {
  const recordOf = (repository: Repository) => join(repository.queue, '.wrk', 'claims', 'wrk-1')

  test.each([
    ['torn', '{"v":1,"id":"WRK-1","st'],
    ['of no version', '{}'],
    ['with a field missing', '{"v":1,"id":"WRK-1"}'],
  ])('(%s) is never free: exit 5 with the next step, and doctor --fix sets it aside', async (_, text) => {
    const repository = await claimedByS1()
    const bytes = repository.read('WRK-1')
    repository.write(recordOf(repository), text)
    for (const [session, args] of [
      ['s2', 'claim WRK-1'],
      ['s1', 'claim WRK-1'],
      ['s1', 'set WRK-1 priority=low'],
      ['s1', 'release WRK-1'],
    ] as const) {
      const refused = await at(repository, MINUTE, session, `${args} --json`)
      expect([args, refused.code, refused.json.error.hint]).toEqual([
        args,
        5,
        expect.stringContaining('wrk doctor --fix'),
      ])
      expect(refused.json.error.message).toContain(join('.wrk', 'claims', 'wrk-1'))
    }
    expect((await at(repository, MINUTE, 's2', 'next --claim --json')).json.item.id).toBe('WRK-2')
    const { findings } = (await at(repository, MINUTE, 's2', 'doctor --json')).json
    expect(findings).toContainEqual(expect.objectContaining({ code: 'unreadable-record', item: 'WRK-1' }))

    const { fixed } = (await at(repository, MINUTE, 's2', 'doctor --fix --json')).json
    expect(fixed.map((one: Json) => one.code)).toContain('unreadable-record')
    const { done } = fixed.find((one: Json) => one.code === 'unreadable-record')
    const aside = /^set the record aside as (.*)$/.exec(done)![1]!
    expect(aside).toContain('claims.unreadable-wrk-1-')
    expect(readFileSync(aside, 'utf8')).toBe(text)
    expect(repository.read('WRK-1')).toBe(bytes)
    // From then on the lock in the file counts.
    expect((await at(repository, MINUTE, 's2', 'claim WRK-1')).code).toBe(4)
    expect((await at(repository, MINUTE, 's1', 'claim WRK-1 --json')).json.kind).toBe('renewed')
    expect((await at(repository, MINUTE, 's1', 'release WRK-1')).code).toBe(0)
    expect((await at(repository, MINUTE, 's2', 'claim WRK-1 --json')).json.kind).toBe('granted')
  })

  test('since a newer wrk wrote it is left to that version: exit 5, and doctor --fix does not touch it', async () => {
    const repository = await claimedByS1()
    const text = '{"v":99,"id":"WRK-1","holder":"s1"}'
    repository.write(recordOf(repository), text)
    const refused = await at(repository, MINUTE, 's2', 'claim WRK-1 --json')
    expect([refused.code, refused.json.error.hint]).toEqual([5, expect.stringContaining('Update wrk')])
    await at(repository, MINUTE, 's2', 'doctor --fix')
    expect(repository.read(recordOf(repository))).toBe(text)
  })

  test('that is gone leaves the lock in the file', async () => {
    const repository = await claimedByS1()
    rmSync(join(repository.top, recordOf(repository)))
    expect((await at(repository, MINUTE, 's2', 'claim WRK-1')).code).toBe(4)
    expect((await at(repository, MINUTE, 's1', 'release WRK-1')).code).toBe(0)
  })
})
