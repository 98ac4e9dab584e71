/** Several items in one call, ranges of ids, and none where one is held; and cancel, which closes for good. */
import { describe, expect, test } from 'vitest'
import { ago, MINUTE } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue } from '../../support/queue.ts'
import { expectError, field, places, textOf } from './transition.shared.ts'

describe('several items', () => {
  test('are each done, and each answered in the order in which they were named', async () => {
    const queue = makeQueue(['WRK-9', 'WRK-10'])
    expect(await queue.run('done 10 9')).toMatchObject({
      code: 0,
      stdout: 'Done WRK-10  What WRK-10 is about\nDone WRK-9  What WRK-9 is about\n',
      stderr: '',
    })
    expect([places(queue, 'WRK-9'), places(queue, 'WRK-10')]).toEqual([['done'], ['done']])
  })

  test('are gone on with after one that is refused; the exit code is the highest', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    await queue.run('claim 1', { session: 'other' })
    await queue.run('done 3')
    const { code, stdout, stderr } = await queue.run('start 77 1 3 2')
    expect(code).toBe(5)
    expect(stdout).toBe('Started WRK-2  What WRK-2 is about\n')
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^wrk: no item WRK-77 in /),
      expect.stringMatching(/^ {5}See all: wrk list/),
      expect.stringMatching(/^wrk: WRK-1 is held by other/),
      expect.stringMatching(/^ {5}Only its holder can change it/),
      'wrk: WRK-3 cannot be started: it is closed (done)',
      '     First: wrk reopen WRK-3',
      '',
    ])
  })

  test('have an answer each with --json, with its exit code; one item keeps the shape of one', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim 1', { session: 'other' })
    const { code, json } = await queue.run('done 1 2 --json')
    expect(code).toBe(4)
    expect(json).toMatchObject({ schema_version: 1, ok: false, error: { code: 'LOCKED' } })
    expect(json.items).toMatchObject([
      { id: '1', exit_code: 4, ok: false, error: { code: 'LOCKED' }, holder: { session_id: 'other' } },
      { id: '2', exit_code: 0, ok: true, changed: true, item: { id: 'WRK-2', status: 'done' } },
    ])
    const one = (await queue.run('done 2 --json')).json
    expect(one).toMatchObject({ ok: true, changed: false, item: { id: 'WRK-2' } })
    expect(one).not.toHaveProperty('items')
  })

  test('are all left alone when one word is no id', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    for (const words of ['done 1 ../x', 'archive 1 2-x', 'release 1 x', 'cancel 7-3'])
      expectError(await queue.run(`${words} --json`), 2, 'USAGE')
    expect([queue.read('WRK-1'), queue.events()]).toEqual([item('WRK-1'), []])
  })

  test('are each taken once, however often and however they are named', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const { stdout } = await queue.run('done 1 WRK-001 1-2 2')
    expect(stdout).toBe('Done WRK-1  What WRK-1 is about\nDone WRK-2  What WRK-2 is about\n')
  })

  test('without a session are refused once', async () => {
    const { code, stderr } = await makeQueue(['WRK-1', 'WRK-2']).run('done 1 2', { session: null })
    expect([code, stderr.match(/wrk: /g)?.length]).toEqual([2, 1])
  })

  test('are archived and released, each by its own answer', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    await queue.run('claim 1')
    await queue.run('claim 3', { session: 'other' })
    const released = await queue.run('release 1-3')
    expect(released.stdout).toBe('Released WRK-1\nNothing to release: nobody holds WRK-2.\n')
    expect([released.code, released.stderr]).toEqual([4, expect.stringContaining('WRK-3 is held by other')])
    const archived = await queue.run('archive 1 2 --json')
    expect(archived.json.items).toMatchObject([{ archived: true }, { archived: true }])
  })
})

describe('a range', () => {
  test('takes the items that are there, by whole numbers, in their order', async () => {
    const queue = makeQueue(['WRK-2', 'WRK-3', 'WRK-5', 'WRK-11', 'WRK-12', 'OTHER-4', 'WRK-4.1'])
    const { json } = await queue.run('done 3-11 --json')
    expect(json.items.map(({ item }: { item: { id: string } }) => item.id)).toEqual([
      'WRK-3',
      'WRK-5',
      'WRK-11',
    ])
  })

  test('has the prefix that it begins with, and is several also when it holds one item', async () => {
    const queue = makeQueue({
      'pending/workspace-hub-12.md': item('"workspace-hub#12"'),
      'pending/WRK-12.md': item('WRK-12'),
    })
    const { json } = await queue.run('done workspace-hub#10-20 --json')
    expect(json.items).toMatchObject([{ item: { id: 'workspace-hub#12' } }])
    expect((await queue.run('done WRK-10-20 --json')).json.items).toMatchObject([{ item: { id: 'WRK-12' } }])
  })

  test('that holds no item is named: exit 1', async () => {
    const queue = makeQueue(['WRK-3'])
    const { error } = expectError(await queue.run('done 900-999999999 --json'), 1, 'NOT_FOUND')
    expect(error.message).toBe('no items in the range 900-999999999')
  })
})

describe('no item', () => {
  test.each([
    ['start', 'Started'],
    ['block', 'Blocked'],
    ['done', 'Done'],
    ['cancel', 'Cancelled'],
    ['archive', 'Archived'],
    ['release', 'Released'],
  ])('is the one that the caller holds: wrk %s', async (verb, answer) => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    await queue.run('claim 2')
    await queue.run('claim 3', { session: 'other' })
    await queue.run('claim 1 --agent helper')
    const { code, stdout } = await queue.run(verb)
    expect([code, stdout]).toEqual([0, expect.stringMatching(new RegExp(`^${answer} WRK-2\\b`))])
    expect(queue.lock('WRK-1').by).toBe('tester/helper')
  })

  test('is refused where none is held, and where several are, with their ids', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const none = await queue.run('done')
    expect([none.code, none.stderr]).toEqual([
      2,
      'wrk: missing item: you hold none\n     Name one: wrk done WRK-157. Claim one: wrk next --claim\n',
    ])
    await queue.run('claim 1')
    await queue.run('claim 2')
    const { code, stderr } = await queue.run('release')
    expect([code, stderr]).toEqual([
      2,
      'wrk: missing item: you hold 2\n     Name them: wrk release WRK-1 WRK-2\n',
    ])
    await queue.run('release 1')
    // One that was taken over is not held, whatever the session remembers.
    await queue.run(['claim', '2', '--force', '--reason', 'urgent'], { session: 'other' })
    expect((await queue.run('done')).code).toBe(2)
    expect(queue.lock('WRK-2').by).toBe('other')
  })

  test.each(['unblock', 'reopen'])('is a mistake of %s, which nobody holds', async verb => {
    expect((await makeQueue(['WRK-1']).run(verb)).code).toBe(2)
  })
})

describe('cancel', () => {
  test('closes an item with its reason and frees it; reopen takes all of it back', async () => {
    const queue = makeQueue({ 'working/WRK-1.md': heldItem('WRK-1', 'tester', ago(MINUTE)) })
    const env = { WRK_NOW: '2026-02-10T00:00:00Z' }
    const { stdout } = await queue.run(['cancel', '1', '--reason', 'no: "need"'], { env })
    expect(stdout).toBe('Cancelled WRK-1  What WRK-1 is about\n')
    expect(places(queue)).toEqual(['done'])
    const text = textOf(queue)
    expect([field(text, 'status'), field(text, 'locked_by')]).toEqual(['cancelled', ''])
    expect(text).toContain('completed_at: 2026-02-10T00:00:00Z\ncancelled_reason: "no: \\"need\\""\n')
    expect(queue.record('WRK-1')).toMatchObject({ state: 'done' })
    expect(queue.events().at(-1)).toMatchObject({ type: 'cancelled', reason: 'no: "need"' })
    expect((await queue.run('claim 1')).code).toBe(5)
    expect((await queue.run('cancel 1')).stdout).toBe('Nothing to do: WRK-1 is already cancelled.\n')
    await queue.run('reopen 1')
    expect([places(queue), field(textOf(queue), 'cancelled_reason')]).toEqual([['pending'], ''])
    expect((await queue.run('doctor --json')).json.findings).toEqual([])
  })

  test('does not rename the end of what is done: exit 5', async () => {
    const queue = makeQueue({ 'done/WRK-1.md': item('WRK-1', { status: 'done' }) })
    const { error } = expectError(await queue.run('cancel 1 --json'), 5, 'CLOSED')
    expect(error.hint).toBe('First: wrk reopen WRK-1')
  })

  test('is what wrk set status=cancelled does, and names what waited for it', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': item('WRK-2'),
      'pending/WRK-3.md': item('WRK-3', { blocked_by: '[WRK-2]' }),
    })
    await queue.run('set 1 status=cancelled')
    expect([places(queue), queue.events().at(-1)?.type]).toEqual([['done'], 'cancelled'])
    expect((await queue.run('cancel 2')).stdout).toContain('Unblocked:\n  WRK-3')
  })
})
