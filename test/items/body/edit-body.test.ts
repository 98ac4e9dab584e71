/** wrk note and wrk check: the text of an item changes by one entry or one byte, and by nothing else. */
import { describe, expect, test } from 'vitest'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import { together } from '../../support/together.ts'

/** Of the changes that were logged. */
const reasons = (queue: Queue) =>
  queue.events().flatMap(({ type, reason }) => (type === 'changed' ? reason : []))

const NOW = { env: { WRK_NOW: '2026-02-16T19:30:05Z' } }

describe('wrk note', () => {
  test('adds a dated entry under Notes, and the next one below it', async () => {
    const queue = makeQueue(['WRK-1'])
    expect(await queue.run(['note', '1', 'The licence arrived'], NOW)).toMatchObject({
      code: 0,
      stdout: 'Added a note to WRK-1  What WRK-1 is about\n',
      stderr: '',
    })
    const one = `${item('WRK-1')}\n## Notes\n\n- 2026-02-16T19:30:05Z (tester) The licence arrived\n`
    expect(queue.read('WRK-1')).toBe(one)
    await queue.run(['note', '1', 'two', 'words'], NOW)
    expect(queue.read('WRK-1')).toBe(`${one}- 2026-02-16T19:30:05Z (tester) two words\n`)
    expect(reasons(queue)).toEqual(['note', 'note'])
    expect(queue.leftovers()).toEqual([])
  })

  test('keeps CRLF, a missing final line end and bytes that are not text', async () => {
    const head = item('WRK-1').replaceAll('\n', '\r\n')
    const bytes = Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xfe]), Buffer.from(' end')])
    const queue = makeQueue({ 'WRK-1': bytes })
    await queue.run(['note', '1', 'x'], NOW)
    expect(queue.read('WRK-1')).toBe(
      `${bytes.toString()}\r\n\r\n## Notes\r\n\r\n- 2026-02-16T19:30:05Z (tester) x\r\n`,
    )
  })

  test('of several lines comes from stdin and is indented', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('note 1 -', { ...NOW, input: 'one\ntwo\n' })
    expect(queue.read('WRK-1')).toContain('\n- 2026-02-16T19:30:05Z (tester) one\n  two\n')
  })

  test('leaves the claim of its holder as it is', async () => {
    const held = heldItem('WRK-1', 'tester', '2026-02-16T19:00:00Z')
    const queue = makeQueue({ 'WRK-1': held })
    await queue.run(['note', '1', 'x'], NOW)
    expect(queue.read('WRK-1').startsWith(held)).toBe(true)
    expect((await queue.run(['note', '1', 'x'], { ...NOW, session: 'other' })).code).toBe(4)
  })

  test.each([
    [['note', '1', ' ']],
    [['note', '1', 'a\x1b[31m']],
    [['note', '1']],
    [['note', '1', 'x'.repeat(10_001)]],
  ])('%j is refused with 2', async args => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run(args)).code).toBe(2)
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  })

  test('of many sessions at the same instant: none is lost', async () => {
    const queue = makeQueue(['WRK-1'])
    const calls = Array.from({ length: 6 }, (_, i) => ({
      args: ['note', '1', `note-${i}`],
      session: `s-${i}`,
    }))
    expect((await together(calls, { queue })).map(({ code }) => code)).toEqual(calls.map(() => 0))
    for (const [i] of calls.entries()) expect(queue.read('WRK-1')).toContain(`(s-${i}) note-${i}\n`)
  })
})

describe('wrk check', () => {
  const TEXT = `${item('WRK-1')}\n- [ ] no criterion\n\n## Acceptance criteria\n\n- [ ] first\n- [x] second\n  - [ ] third\n\n## More\n`
  const queueWith = () => makeQueue({ 'WRK-1': TEXT })

  test('lists the criteria, checks them by their numbers and takes that back', async () => {
    const queue = queueWith()
    const list = '  1 [ ] first\n  2 [x] second\n  3 [ ] third\n'
    expect(await queue.run('check 1', { session: null })).toMatchObject({ code: 0, stdout: list })
    expect(await queue.run('check 1 1 3')).toMatchObject({ code: 0, stdout: list.replaceAll('[ ]', '[x]') })
    expect(queue.read('WRK-1')).toBe(TEXT.replace('[ ] first', '[x] first').replace('[ ] third', '[x] third'))
    const { json } = await queue.run('check 1 1 2 3 --uncheck --json')
    expect(json.criteria[1]).toEqual({ number: 2, text: 'second', checked: false })
    expect(queue.read('WRK-1')).toBe(TEXT.replace('[x]', '[ ]'))
    expect((await queue.run('check 1 2 --uncheck --json')).json.changed).toBe(false)
    expect(reasons(queue)).toEqual(['checked 1, 3', 'unchecked 1, 2, 3'])
  })

  test.each([
    ['check 1 4', 'WRK-1 has 3 criteria, no number 4'],
    ['check 1 0', 'no number 0'],
    ['check 1 1 9', 'no number 9'],
    ['check 1 x', 'must be a number'],
    ['check 1 --uncheck', 'needs the number'],
  ])('%s is refused with 2, and nothing changes', async (command, says) => {
    const queue = queueWith()
    const { code, stderr } = await queue.run(command)
    expect([code, stderr.includes(says)]).toEqual([2, true])
    expect(queue.read('WRK-1')).toBe(TEXT)
  })

  test('says what to do in an item without criteria', async () => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run('check 1')).stdout).toBe('WRK-1 has no criteria\n')
    const { code, stderr } = await queue.run('check 1 1')
    expect([code, stderr.includes('- [ ]')]).toEqual([2, true])
  })
})
