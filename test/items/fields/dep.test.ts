/** wrk dep, and lists by wrk set: words are added and taken out, every other byte stays. */
import { describe, expect, test } from 'vitest'
import { item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'

/** Items 1 to 4; the fields of the first are given as lines. */
function queueWith(lines: string, others: Record<number, string> = {}): Queue {
  const of = (number: number) =>
    item(`WRK-${number}`).replace('related: []', (number === 1 ? lines : others[number]) ?? 'related: []')
  return makeQueue(Object.fromEntries([1, 2, 3, 4].map(number => [`WRK-${number}`, of(number)])))
}

describe('wrk dep', () => {
  test.each([
    ['blocked_by: [WRK-2] # why', 'blocked_by: [WRK-2, WRK-3] # why'],
    ['blocked_by:\n  - "WRK-2" # a\n# b', 'blocked_by:\n  - "WRK-2" # a\n  - "WRK-3"\n# b'],
    ['blocked_by: None', 'blocked_by: [WRK-3]'],
    ['depends_on: WRK-2', 'depends_on: [WRK-2, WRK-3]'],
    ['deps: []', 'deps: [WRK-3]'],
  ])('adds to %j', async (before, after) => {
    for (const crlf of [false, true]) {
      const ends = (text: string) => (crlf ? text.replaceAll('\n', '\r\n') : text)
      const queue = queueWith(before)
      queue.write('WRK-1', ends(queue.read('WRK-1')))
      const { code, stderr } = await queue.run('dep 1 --on 3')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(queue.read('WRK-1')).toBe(ends(item('WRK-1').replace('related: []', after)))
      expect((await queue.run('graph 1 --json')).stdout).toContain('WRK-3')
    }
  })

  test('adds the field if it is missing, and shows what the item waits for now', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    expect(await queue.run('dep 1 --on 2 --on WRK-3')).toMatchObject({
      code: 0,
      stdout: 'WRK-1 waits for WRK-2, WRK-3\n',
    })
    expect(queue.read('WRK-1')).toContain('\nblocked_by: [WRK-2, WRK-3]\n---\n')
    expect((await queue.run('dep 1 --on wrk-002 --json')).json).toMatchObject({
      ok: true,
      changed: false,
      lists: {},
    })
    expect((await queue.run('dep 1 --not-on 2 --not-on 3')).stdout).toBe('WRK-1 waits for nothing\n')
    expect(queue.read('WRK-1')).toContain('\nblocked_by: []\n---\n')
    expect(
      queue
        .events()
        .filter(({ type }) => type === 'changed')
        .map(({ reason }) => reason),
    ).toEqual(['blocked_by', 'blocked_by'])
  })

  test('takes out of every field in which an item says what it waits for, also what is not in the queue', async () => {
    const queue = queueWith('blocked_by: [WRK-9, "2"]\ndepends_on: WRK-9')
    expect((await queue.run('dep 1 --not-on 9 --json')).json.lists).toEqual({
      blocked_by: ['2'],
      depends_on: [],
    })
    expect(queue.read('WRK-1')).toContain('\nblocked_by: ["2"]\ndepends_on: []\n')
  })

  test.each([
    ['itself', '1', 'WRK-1 cannot wait for WRK-1: an item cannot wait for itself'],
    ['one that waits for it', '2', 'WRK-1 cannot wait for WRK-2: WRK-2 waits for WRK-1 already'],
    [
      'one that does so by another',
      '3',
      'WRK-1 cannot wait for WRK-3: WRK-3 waits for WRK-2 waits for WRK-1 already',
    ],
  ])('of %s is refused with 5, and nothing changes', async (_, other, says) => {
    const queue = queueWith('related: []', { 2: 'blocked_by: 1', 3: 'deps: [WRK-2]' })
    const before = queue.read('WRK-1')
    for (const command of [`dep 1 --on ${other}`, `set 1 blocked_by+=${other} priority=high`]) {
      const { code, stderr } = await queue.run(command)
      expect(code).toBe(5)
      expect(stderr).toContain(says)
    }
    expect(queue.read('WRK-1')).toBe(before)
    expect(queue.events().filter(({ type }) => type === 'changed')).toEqual([])
  })

  test('of a closed item does not make a circle', async () => {
    const queue = queueWith('related: []', { 2: 'blocked_by: 1' })
    await queue.run('done 2')
    expect((await queue.run('dep 1 --on 2')).code).toBe(0)
  })

  test.each([
    ['dep 1 --on 99', 1, 'no item WRK-99'],
    ['dep 1 --on a/b', 2, 'is not an item id'],
    ['dep 1', 2, 'missing option: --on or --not-on'],
    ['dep 99 --on 1', 1, 'no item WRK-99'],
  ])('%s exits with %i', async (command, exit, says) => {
    const { code, stderr } = await queueWith('related: []').run(command)
    expect([code, stderr.includes(says)]).toEqual([exit, true])
  })

  test('is refused where the form of the list does not allow it, with its place', async () => {
    const queue = queueWith('blocked_by: {a: 1}')
    const { code, json } = await queue.run('dep 1 --on 2 --json')
    expect([code, json.error.line]).toEqual([5, 6])
  })

  test('beside the holder is refused with 4', async () => {
    const queue = queueWith('related: []')
    await queue.run('claim 1', { session: 'other' })
    expect((await queue.run('dep 1 --on 2')).code).toBe(4)
  })
})

describe('wrk set of lists', () => {
  test('adds and takes out, beside fields and a status', async () => {
    const queue = queueWith('labels: [old, api]\nblocked_by: [2] # why')
    const { code, stdout } = await queue.run(
      'set 1 labels+=db labels-=old blocked_by+=3 blocked_by-=2 priority=high',
    )
    expect(code).toBe(0)
    expect(stdout).toBe('WRK-1 priority: medium -> high\nWRK-1 labels: api, db\nWRK-1 blocked_by: WRK-3\n')
    const after = item('WRK-1', { priority: 'high' }).replace(
      'related: []',
      'labels: [api, db]\nblocked_by: [WRK-3] # why',
    )
    expect(queue.read('WRK-1')).toBe(after)
    expect((await queue.run('set 1 status=blocked labels+=late')).code).toBe(0)
    expect(queue.read('blocked/WRK-1.md')).toBe(
      after.replace('pending', 'blocked').replace('db]', 'db, late]'),
    )
    expect((await queue.run('set 1 labels+=api labels-=gone --json')).json).toMatchObject({
      changed: false,
      lists: {},
    })
  })

  test.each([
    ['title+=x', 'title is a single value, not a list'],
    ['labels+=', 'a word of a list'],
    ['labels+=a,b', 'a word of a list'],
    ['locked_by+=me', 'is set by wrk only'],
    ['labls+=x', 'Did you mean labels?'],
  ])('%s is refused with 2', async (words, says) => {
    const queue = queueWith('labels: []')
    const { code, stderr } = await queue.run(['set', '1', words])
    expect([code, stderr.includes(says)]).toEqual([2, true])
    expect((await queue.run(['set', '1', 'labels=x', 'labels+=y'])).code).toBe(2)
  })
})
