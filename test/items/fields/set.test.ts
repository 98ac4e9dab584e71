/** `wrk set`: single values in place, every other byte stays. */
import { statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import { deadAnchor, registry } from '../../support/sessions.ts'
import { together } from '../../support/together.ts'
import { withLine } from './set.shared.ts'

const changes = (queue: Queue) => queue.events().filter(({ type }) => type === 'changed')

describe('a value is replaced in place, in the way it was written:', () => {
  test('plain words are data, and text where the value was quoted', async () => {
    const queue = makeQueue({ 'WRK-1': withLine('quoted: "1"') })
    await queue.run(['set', 'WRK-1', 'done=true', 'percent=50', 'due=2026-02-16', 'nothing=null', 'quoted=2'])
    expect((await queue.run('show WRK-1 --json')).json.fields).toMatchObject({
      done: true,
      percent: 50,
      due: '2026-02-16',
      nothing: null,
      quoted: '2',
    })
  })
})

test('a title and a reason are text, whatever their words are', async () => {
  const queue = makeQueue(['WRK-1'])
  await queue.run(['set', 'WRK-1', 'title=true', 'blocked_reason=2026-01-01'])
  expect((await queue.run('show WRK-1 --json')).json.fields).toMatchObject({ title: 'true' })
  expect(queue.read('WRK-1')).toMatch(/\ntitle: "true"\n(.*\n)*blocked_reason: "2026-01-01"\n/)
  expect((await queue.run(['block', 'WRK-1', '--reason', 'yes'])).code).toBe(0)
  expect(queue.read('blocked/WRK-1.md')).toContain('\nblocked_reason: "yes"\n')
})

describe('a missing key', () => {
  test('becomes a line before the closing fence, in the order given', async () => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run(['set', 'WRK-1', 'owner=Ann', 'priority=high', 'note=a: b'])).code).toBe(0)
    expect(queue.read('WRK-1')).toBe(
      item('WRK-1', { priority: 'high' }).replace('\n---\n\n#', '\nowner: Ann\nnote: "a: b"\n---\n\n#'),
    )
    expect(changes(queue)).toMatchObject([
      { item: 'WRK-1', session: 'tester', reason: 'owner, priority, note' },
    ])
  })

  test('keeps a byte order mark, line endings and bytes of the body that are not text', async () => {
    const head = Buffer.from('\ufeff---\r\nid: WRK-1\r\n# why\r\n---\r\n')
    const body = Buffer.from([0xff, 0, 0x80, 10, 0xc3])
    const queue = makeQueue({ 'WRK-1': Buffer.concat([head, body]) })
    expect((await queue.run(['set', 'WRK-1', 'owner=Ann'])).code).toBe(0)
    expect(queue.read('WRK-1')).toBe(
      Buffer.concat([Buffer.from('\ufeff---\r\nid: WRK-1\r\n# why\r\nowner: Ann\r\n---\r\n'), body]).toString(
        'utf8',
      ),
    )
  })

  test('that is to be empty is left out, which is not a change', async () => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run(['set', 'WRK-1', 'owner=', '--json'])).json).toMatchObject({
      ok: true,
      changed: false,
    })
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  })
})

test('what an item says already is not written again', async () => {
  const queue = makeQueue(['WRK-1'])
  const { mtimeMs, ino } = statSync(queue.path('WRK-1'))
  const { code, stdout } = await queue.run(['set', 'WRK-1', 'priority=medium', 'status=pending'])
  expect([code, stdout]).toEqual([0, 'Nothing to do: WRK-1 already has these values.\n'])
  expect(statSync(queue.path('WRK-1'))).toMatchObject({ mtimeMs, ino })
  expect(changes(queue)).toEqual([])
})

test('an approved plan opens the gate', async () => {
  const queue = makeQueue(['WRK-1'])
  const execute = ['execute', 'WRK-1', '--provider', 'claude', '--', 'true']
  expect((await queue.run(execute)).code).toBe(3)
  expect((await queue.run('set WRK-1 plan_approved=true')).stdout).toBe('WRK-1 plan_approved: true\n')
  expect((await queue.run(execute)).code).toBe(0)
})

test('the answer has title and status as they now are; the values stay out of the log', async () => {
  const queue = makeQueue(['WRK-1'])
  const { json } = await queue.run(['set', 'WRK-1', 'title=Another secret', 'status=parked', '--json'])
  expect(json.item).toMatchObject({ title: 'Another secret', status: 'parked', path: queue.path('WRK-1') })
  expect(json.before).toEqual({ title: 'What WRK-1 is about', status: 'pending' })
  expect(changes(queue)[0]!.reason).toBe('title, status')
})

test('people see what each field was and is', async () => {
  const queue = makeQueue(['WRK-1'])
  const { stdout } = await queue.run(['set', 'WRK-1', 'priority=high', 'owner=Ann', 'title='])
  expect(stdout).toBe(
    'WRK-1 priority: medium -> high\nWRK-1 owner: Ann\nWRK-1 title: What WRK-1 is about -> (empty)\n',
  )
})

test('many that set different fields at the same instant all succeed', async () => {
  const queue = makeQueue(['WRK-1'])
  const calls = Array.from({ length: 8 }, (_, i) => ({ args: `set WRK-1 key_${i}=${i}`, session: `s-${i}` }))
  expect((await together(calls, { queue })).map(({ code }) => code)).toEqual(calls.map(() => 0))
  for (const [i] of calls.entries()) expect(queue.read('WRK-1')).toContain(`\nkey_${i}: ${i}\n`)
  expect(changes(queue)).toHaveLength(8)
  expect(queue.leftovers()).toEqual([])
})

test('a lock that only the file shows, as older tools write it, stays and goes on to hold', async () => {
  const held = heldItem('WRK-1', 'tester', ago(1000))
  const queue = makeQueue({ 'WRK-1': held })
  for (const priority of ['high', 'low']) {
    expect((await queue.run(`set 1 priority=${priority}`)).code).toBe(0)
    expect(queue.read('WRK-1')).toBe(held.replace('medium', priority))
    expect((await queue.run('claim 1', { session: 'other' })).code).toBe(4)
  }
  expect((await queue.run('release 1')).code).toBe(0)
  expect(queue.lock('WRK-1').by).toBe('')
})

describe('a status does all that its verb does:', () => {
  const NOW = '2026-02-16T19:30:05Z'
  const at = { env: { WRK_NOW: NOW } }
  const held = (status: string) => heldItem('WRK-1', 'tester', '2026-02-16T19:00:00Z', { status })

  test.each([
    ['done', 'finished'],
    ['Merged', 'finished'],
    ['cancelled', 'cancelled'],
    ['wont_fix', 'finished'],
  ])('%s completes it', async (word, type) => {
    const queue = makeQueue({ 'working/WRK-1.md': held('working') })
    const { code, stdout, stderr } = await queue.run(`set WRK-1 status=${word} priority=low`, at)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      `WRK-1 status: working -> ${word}\nWRK-1 priority: medium -> low\nMoved WRK-1 to done/\n`,
    )
    const done = item('WRK-1', { status: word, priority: 'low', completed_at: NOW })
    expect(queue.read('done/WRK-1.md')).toBe(done)
    expect(queue.events().at(-1)).toMatchObject({ type, reason: 'status, priority' })
    expect((await queue.run('done 1 --json')).json.changed).toBe(false)
    expect(queue.read('done/WRK-1.md')).toBe(done)
  })

  test('working claims it, and by whom is in the answer', async () => {
    const queue = makeQueue(['WRK-1'])
    const { json } = await queue.run('set WRK-1 status=in_progress --json', at)
    expect(json).toMatchObject({
      changed: true,
      item: { status: 'in_progress', path: queue.path('working/WRK-1.md') },
      lock: { locked_by: 'tester', locked_at: NOW },
    })
    expect((await queue.run('claim 1', { session: 'other', ...at })).code).toBe(4)
  })

  test('blocked frees it and forgets an old reason; a reason may be given with it', async () => {
    const queue = makeQueue({
      'working/WRK-1.md': item('WRK-1', { status: 'working', blocked_reason: 'rain' }),
      'working/WRK-2.md': item('WRK-2', { status: 'working' }),
    })
    await queue.run('claim 1')
    await queue.run('set 1 status=blocked')
    expect(queue.read('blocked/WRK-1.md')).toMatch(/\nlocked_by: ""\n(.*\n)*blocked_reason: ""\n/)
    await queue.run(['set', '2', 'status=blocked', 'blocked_reason=no parts'])
    expect(queue.read('blocked/WRK-2.md')).toContain('\nblocked_reason: no parts\n')
  })

  test('pending unblocks, reopens, or puts back, which keeps the claim', async () => {
    const queue = makeQueue({
      'blocked/WRK-1.md': item('WRK-1', { status: 'blocked', blocked_reason: 'rain' }),
      'done/WRK-2.md': item('WRK-2', { status: 'done', completed_at: '2026-01-01' }),
      'working/WRK-3.md': item('WRK-3', { status: 'working' }),
    })
    await queue.run('claim 3')
    for (const id of [1, 2, 3]) expect((await queue.run(`set ${id} status=pending`)).code).toBe(0)
    expect(queue.read('pending/WRK-1.md')).toContain('\nblocked_reason: ""\n')
    expect(queue.read('pending/WRK-2.md')).toContain('\ncompleted_at: ""\n')
    expect(queue.lock('pending/WRK-3.md').by).toBe('tester')
    expect(queue.events().map(({ type }) => type)).toEqual(
      expect.arrayContaining(['unblocked', 'reopened', 'changed']),
    )
  })

  test('one closed word for another changes the word, and the date stays', async () => {
    const done = item('WRK-1', { status: 'done', completed_at: '2026-01-01' })
    const queue = makeQueue({ 'done/WRK-1.md': done })
    await queue.run('set 1 status=cancelled')
    expect(queue.read('done/WRK-1.md')).toBe(done.replace('status: done', 'status: cancelled'))
  })

  test.each([
    ['done', 'working', 5, 'WRK-1 cannot be set to working: it is closed (done)', 'wrk reopen WRK-1'],
    ['blocked', 'working', 5, 'WRK-1 cannot be set to working: it is blocked', 'wrk unblock WRK-1'],
    ['pending', 'archived', 2, 'is set by wrk archive', 'wrk archive WRK-1'],
  ])('what the verb refuses is refused: %s to %s', async (folder, status, exit, says, next) => {
    const before = item('WRK-1', { status: folder })
    const queue = makeQueue({ [`${folder}/WRK-1.md`]: before })
    const { code, stderr } = await queue.run(`set WRK-1 status=${status} priority=low`)
    expect(code).toBe(exit)
    expect(stderr).toContain(says)
    expect(stderr).toContain(next)
    expect(queue.read(`${folder}/WRK-1.md`)).toBe(before)
  })

  test('archived is set on an item that is in the archive already', async () => {
    const queue = makeQueue({ 'archive/2026-01/WRK-1.md': item('WRK-1', { status: 'working' }) })
    expect((await queue.run('set 1 status=archived', at)).code).toBe(0)
    expect(queue.read('archive/2026-01/WRK-1.md')).toMatch(
      new RegExp(`\nstatus: archived\n(.*\n)*completed_at: ${NOW}\n`),
    )
  })

  test('an item in a folder that fits stays there; an unknown status moves nothing', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'archive/2026-01/WRK-2.md': item('WRK-2', { status: 'working' }),
    })
    await queue.run('set 1 status=dnoe')
    expect(queue.exists('pending/WRK-1.md')).toBe(true)
    await queue.run('set 2 status=done')
    expect(queue.exists('archive/2026-01/WRK-2.md')).toBe(true)
  })
})

describe('--stay', () => {
  test('keeps the lock, and writes when the item was completed', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim 1')
    const env = { WRK_NOW: '2026-02-16T19:30:05Z' }
    expect((await queue.run('set 1 status=done --stay', { env })).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(queue.read('WRK-1')).toContain('\ncompleted_at: 2026-02-16T19:30:05Z\n')
  })

  test('says nothing of a folder that fits', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'WRK-2.md': item('WRK-2') })
    expect((await queue.run('set WRK-1 status=parked --stay')).stderr).toBe('')
    expect((await queue.run('set WRK-2 status=done --stay')).stderr).toBe('')
  })
})

describe('a field that the item does not have', () => {
  test.each([
    ['priorty=high', 'priority'],
    ['Priority=high', 'priority'],
    ['titel=x', 'title'],
    ['blocked-reasn=x', 'blocked_reason'],
    ['completedat=x', 'completed_at'],
    ['captian=Ann', 'captain'],
  ])('and that looks misspelt is refused: %s', async (words, meant) => {
    const before = withLine('captain: Bo')
    const queue = makeQueue({ 'WRK-1': before })
    const { code, stderr } = await queue.run(['set', 'WRK-1', words, 'complexity=simple'])
    expect(code).toBe(2)
    const [key] = words.split('=')
    expect(stderr).toBe(`wrk: unknown field ${key}. Did you mean ${meant}?
     To add it as a new field: wrk set WRK-1 --new-field ${words}\n`)
    expect(queue.read('WRK-1')).toBe(before)
    const forced = await queue.run(['set', 'WRK-1', '--new-field', words])
    expect([forced.code, forced.stderr]).toEqual([0, ''])
    expect(queue.read('WRK-1')).toContain(`\n${words.replace('=', ': ')}\n---`)
  })

  test('and that is new is added with a note, one that wrk knows without', async () => {
    const queue = makeQueue(['WRK-1'])
    const { code, stderr } = await queue.run('set WRK-1 owner=Ann complexity=simple step_1=a')
    expect([code, stderr]).toEqual([
      0,
      'wrk: owner is a new field of WRK-1, and not one that wrk uses\nwrk: step_1 is a new field of WRK-1, and not one that wrk uses\n',
    ])
    expect((await queue.run('set WRK-1 step_2=b')).code).toBe(0)
    expect((await queue.run('set WRK-1 owner=Bo')).stderr).toBe('')
  })
})

test('an unknown status or priority is written, with a note', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1') })
  const { code, stderr } = await queue.run('set WRK-1 status=dnoe priority=hihg')
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `wrk: warning: unknown status "dnoe". Did you mean done? Its items count as open.
wrk: warning: unknown priority "hihg". Did you mean high? It counts as medium.
`,
  })
  expect(queue.read('pending/WRK-1.md')).toMatch(/\nstatus: dnoe\n(.*\n)*priority: hihg\n/)
})

describe('is refused, exit 2, and changes nothing:', () => {
  test.each<[string, string[], string]>([
    ['a list', ['related=WRK-2'], 'related of WRK-1 is a list'],
    ['a list below its key', ['steps=one'], 'steps of WRK-1 is a list'],
    ['a map', ['agents=one'], 'agents of WRK-1 is a map'],
    ['one beside others that could be set', ['priority=high', 'agents=one'], 'agents'],
    ['locked_by', ['locked_by=me'], 'is set by wrk only'],
    ['locked_at', ['locked_at='], 'is set by wrk only'],
    ['id', ['id=WRK-2'], 'the id'],
    ['a word without =', ['priority'], 'is not KEY=VALUE'],
    ['no key', ['=high'], 'is not KEY=VALUE'],
    ['an invalid key', ['a b=c'], 'is not KEY=VALUE'],
    ['a key with a colon', ['a:=c'], 'is not KEY=VALUE'],
    ['a key that is no letter', ['né=c'], 'is not KEY=VALUE'],
    ['a key twice', ['a=b', 'a=c'], 'duplicate field'],
    ['a newline', ['a=b\nlocked_by: me'], 'must be a single line'],
    ['a carriage return', ['a=b\rc'], 'must be a single line'],
    ['an escape', ['a=\x1b[31m'], 'must be a single line'],
    ['a very long value', [`a=${'x'.repeat(10_001)}`], 'longer than 10000 characters'],
    ['nothing to set', [], 'missing'],
  ])('%s', async (_, words, says) => {
    const before = withLine('related: [WRK-3]\nsteps:\n  - one\nagents:\n  phase_1: claude')
    const queue = makeQueue({ 'WRK-1': before })
    const { code, json } = await queue.run(['set', 'WRK-1', ...words, '--json'])
    expect([code, json.error.code]).toEqual([2, 'USAGE'])
    expect(json.error.message).toContain(says)
    expect(queue.read('WRK-1')).toBe(before)
    expect(changes(queue)).toEqual([])
    expect(queue.leftovers()).toEqual([])
  })
})

test.each<[string, string, number, string]>([
  ['not there', 'WRK-9', 1, 'NOT_FOUND'],
  ['no id', 'a/b', 2, 'USAGE'],
  ['unreadable', 'WRK-2', 5, 'INVALID_ITEM'],
  ['written in a form that allows no line more', 'WRK-3', 5, 'INVALID_ITEM'],
])('of an item that is %s nothing is set', async (_, id, exit, error) => {
  const items = {
    'WRK-2': '---\nid: WRK-2\ntitle: [unclosed\n---\n',
    'WRK-3': '---\n{id: WRK-3, title: flow}\n---\n',
  }
  const queue = makeQueue(items)
  const { code, json } = await queue.run(['set', id, 'owner=Ann', '--json'])
  expect([code, json.error.code]).toEqual([exit, error])
  for (const [name, text] of Object.entries(items)) expect(queue.read(name)).toBe(text)
})

test('a duplicate key is refused: exit 5 with its place', async () => {
  const before = withLine('owner: Ann\nowner: Bob')
  const queue = makeQueue({ 'WRK-1': before })
  const { code, json } = await queue.run(['set', 'WRK-1', 'owner=Cy', '--json'])
  expect([code, json.error.line]).toEqual([5, 6])
  expect(queue.read('WRK-1')).toBe(before)
})

describe('who may', () => {
  test('is the holder, and nobody beside it: exit 4, who and since when', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1')
    expect((await queue.run('set WRK-1 priority=high')).code).toBe(0)
    const { by, at } = queue.lock('WRK-1')
    expect(by).toBe('tester')
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('set WRK-1 priority=low --json', { session: 'other' })
    expect([code, json.error.code, json.holder.session_id]).toEqual([4, 'LOCKED', 'tester'])
    expect([json.error.message, json.holder.locked_at]).toEqual([expect.stringMatching(', claimed '), at])
    expect((await queue.run('set WRK-1 priority=low --agent helper')).code).toBe(4)
    expect(queue.read('WRK-1')).toBe(before)
  })

  test('is nobody else while a dead holder has it: a claim takes it over', async () => {
    const before = heldItem('WRK-1', 'other', ago(HOUR))
    const sessions = registry([{ id: 'other', anchor: deadAnchor() }])
    const queue = makeQueue({ 'WRK-1': before, 'session-state.yaml': sessions })
    expect((await queue.run('set WRK-1 priority=high')).code).toBe(4)
    expect(queue.read('WRK-1')).toBe(before)
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect((await queue.run('set WRK-1 priority=high')).code).toBe(0)
  })

  test('of a closed item with a dead holder, is shown how to free it', async () => {
    const closed = heldItem('WRK-1', 'other', ago(HOUR), { status: 'done' })
    const sessions = registry([{ id: 'other', anchor: deadAnchor() }])
    const queue = makeQueue({ 'done/WRK-1.md': closed, 'session-state.yaml': sessions })
    const refused = await queue.run('set WRK-1 priority=high')
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain('Free it: wrk done WRK-1')
    expect((await queue.run('done WRK-1')).code).toBe(0)
    expect((await queue.run('set WRK-1 priority=high')).code).toBe(0)
  })

  test('is not who held it before: exit 4, by whom it was taken over, when and why', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'me' })
    await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'other' })
    const before = queue.read('WRK-1')
    const { code, stderr } = await queue.run('set WRK-1 priority=high', { session: 'me' })
    expect(code).toBe(4)
    for (const output of ['other', queue.lock('WRK-1').at!, 'urgent']) expect(stderr).toContain(output)
    expect(queue.read('WRK-1')).toBe(before)
  })

  test('is anybody when it is free, even if it is closed', async () => {
    const queue = makeQueue({ 'done/WRK-1.md': item('WRK-1', { status: 'done' }) })
    expect((await queue.run('set WRK-1 priority=high')).code).toBe(0)
    expect(queue.read('done/WRK-1.md')).toBe(item('WRK-1', { status: 'done', priority: 'high' }))
  })
})
