/** `wrk release`: by the holder, by others, of all that one holds, and by force. */

import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { as, later, T } from '../sessions/sessions.shared.ts'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { anchorOf, registry } from '../support/sessions.ts'
import { expectError, oneObject } from './commands.shared.ts'

describe('wrk release', () => {
  test('releases the item and reports it with every key', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157')
    const result = await queue.run('release WRK-157 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({
      ok: true,
      released: true,
      reason: 'released',
      item: { id: 'WRK-157', path: queue.path('WRK-157') },
      holder: null,
    })
    expect(queue.read('WRK-157')).toBe(item('WRK-157'))
    expect(queue.events().map(({ type }) => type)).toEqual(['sessionStarted', 'granted', 'released'])
  })

  test('of an item that nobody holds is exit 0 and changes nothing', async () => {
    const queue = makeQueue(['WRK-157'])
    const result = await queue.run('release WRK-157 --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({ released: false, reason: 'not-locked', holder: null })
    expect(queue.read('WRK-157')).toBe(item('WRK-157'))
  })

  test('of another’s item is exit 4, names the holder, changes nothing and is in the log', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    const before = queue.read('WRK-157')
    const result = await queue.run('release WRK-157 --json', { session: 'second' })
    expect(expectError(result, 4, 'LOCKED')).toMatchObject({
      released: false,
      reason: 'held-by-other',
      holder: { session_id: 'first', liveness: 'unknown' },
    })
    expect(result.json.error.hint).not.toContain('--force')
    expect(queue.read('WRK-157')).toBe(before)
    expect(queue.events().at(-1)).toMatchObject({
      type: 'refused',
      item: 'WRK-157',
      session: 'second',
      previous_holder: 'first',
    })
  })

  test('by force succeeds, warns and is logged; without a reason it is a usage error', async () => {
    const queue = makeQueue(['WRK-157'])
    await queue.run('claim WRK-157', { session: 'first' })
    for (const args of ['release WRK-157 --force --json', 'release WRK-157 --reason why --json'])
      expectError(await queue.run(args, { session: 'second' }), 2, 'USAGE')
    expectError(await queue.run(['release', 'WRK-157', '--force', '--reason', ' ', '--json']), 2, 'USAGE')
    expect(queue.lock('WRK-157').by).toBe('first')
    const forced = await queue.run(['release', 'WRK-157', '--force', '--reason', 'host is gone', '--json'], {
      session: 'second',
    })
    expect(oneObject(forced)).toMatchObject({ released: true, reason: 'forced' })
    expect(forced.stderr).toMatch(/^wrk: warning: forced the release of WRK-157; first held it/)
    expect(queue.lock('WRK-157').by).toBe('')
    expect(queue.events().at(-1)).toMatchObject({
      forced: true,
      reason: expect.stringContaining('host is gone'),
    })
    // By which the former holder learns of it.
    expect(queue.session('first').claims).toMatchObject([{ id: 'WRK-157' }])
  })

  test('that names a run needs the run that claimed', async () => {
    const queue = makeQueue(['WRK-157', 'WRK-158'])
    await queue.run('claim WRK-157 --run-id run-1')
    const other = await queue.run('release WRK-157 --run-id run-2 --json')
    expect(expectError(other, 4, 'LOCKED')).toMatchObject({ released: false, reason: 'other-run' })
    expect(queue.lock('WRK-157').by).toBe('tester')
    expect((await queue.run('release WRK-157 --run-id run-1')).code).toBe(0)
    // A claim that named no run is not a run's to release.
    await queue.run('claim WRK-158')
    expect((await queue.run('release WRK-158 --run-id run-1')).code).toBe(4)
    expect((await queue.run('release WRK-158')).code).toBe(0)
  })

  test('--mine releases all that this holder has, and nothing of others', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'])
    await queue.run('claim WRK-1')
    await queue.run('claim WRK-2')
    await queue.run('claim WRK-3', { session: 'other' })
    await queue.run('claim WRK-4 --agent helper')
    const result = await queue.run('release --mine --json')
    expect(result.code).toBe(0)
    expect(oneObject(result)).toMatchObject({ released: true })
    expect(result.json.items.map((one: Json) => one.item.id).sort()).toEqual(['WRK-1', 'WRK-2'])
    expect(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'].map(id => queue.lock(id).by)).toEqual([
      ...['', '', 'other', 'tester/helper'],
    ])
    expect(oneObject(await queue.run('release --mine --json'))).toMatchObject({ released: false, items: [] })
  })
})

describe('release', () => {
  test('by another changes nothing: released false, exit 4, logged', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1', { session: 'holder' })
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('release WRK-1 --json')
    expect([code, json.released, json.holder.session_id]).toEqual([4, false, 'holder'])
    expect(JSON.stringify(json)).not.toContain('force')
    expect(queue.read('WRK-1')).toBe(before)
    expect(queue.events().at(-1)).toMatchObject({ type: 'refused', item: 'WRK-1', session: 'tester' })
  })

  test('of a free item succeeds: released false, exit 0, the file as it was', async () => {
    const queue = makeQueue(['WRK-1'])
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('release WRK-1 --json')
    expect([code, json.ok, json.released]).toEqual([0, true, false])
    expect(queue.read('WRK-1')).toBe(before)
  })

  test.each(['release WRK-1', 'set WRK-1 title=new'])(
    'of what a holder has that is silent too long, or dead, is refused with the way to take it over: %s',
    async command => {
      const queue = makeQueue({
        'WRK-1': item('WRK-1'),
        'WRK-2': heldItem('WRK-2', 'gone', new Date(T + 1000)),
      })
      await as(queue, 'silent', 0, 'claim WRK-1')
      const early = await as(queue, 'me', 2 * HOUR - 1000, `${command} --json`)
      expect(early.json.error.message).toMatch(
        /^WRK-1 is held by silent \(may be alive\), .*; free in 1s if silent$/,
      )
      expect(early.json.error.hint).not.toContain('wrk claim')
      const late = await as(queue, 'me', 2 * HOUR, `${command} --json`)
      expect(late.code).toBe(4)
      expect(late.json.error.message).toMatch(
        /^WRK-1 is held by silent \(may be alive\), .*; expired just now$/,
      )
      expect(late.json.error.hint).toContain('Take it over: wrk claim WRK-1')
      const dead = await as(queue, 'me', MINUTE, `${command.replace('1', '2')} --json`)
      expect(dead.json.error.hint).toContain('Take it over: wrk claim WRK-2')
      expect(queue.lock('WRK-1').by).toBe('silent')
      expect((await as(queue, 'me', 2 * HOUR, 'claim WRK-1')).code).toBe(0)
    },
  )

  test('of what a living holder has that was silent for long does not say how to take it', async () => {
    const queue = makeQueue({
      'WRK-1': heldItem('WRK-1', 'other', ago(3 * HOUR)),
      'session-state.yaml': registry([{ id: 'other', anchor: anchorOf(), heartbeat_at: ago(3 * HOUR) }]),
    })
    const { code, json } = await queue.run('release WRK-1 --json')
    expect([code, json.holder.liveness]).toEqual([4, 'alive'])
    expect(json.error.message).toBe('WRK-1 is held by other (alive), claimed 3h ago')
    expect(json.error.hint).not.toContain('wrk claim')
  })

  test('of what a helper of the session holds says so; neither it nor a refusal is a takeover', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1 --agent helper', { session: 'me' })
    for (const session of ['other', 'me', 'me'])
      for (const command of ['release WRK-1', 'set WRK-1 priority=low', 'done WRK-1']) {
        const { code, json } = await queue.run(`${command} --json`, { session })
        expect([command, code, json.superseded]).toEqual([command, 4, null])
        expect(json.error.message).toContain('WRK-1 is held by me/helper (may be alive), claimed ')
        expect(json.error.hint).not.toContain('Stop working')
      }
    expect((await queue.run('heartbeat', { session: 'me' })).code).toBe(0)
    expect(queue.session('me').claims).toMatchObject([{ id: 'WRK-1' }])
    expect((await queue.run('release WRK-1 --agent helper', { session: 'me' })).code).toBe(0)
  })

  test('of what a helper took from the session itself says when and why, and the helper keeps it', async () => {
    const queue = makeQueue(['WRK-1'])
    await as(queue, 'me', 0, 'claim WRK-1')
    await as(queue, 'me', MINUTE, 'claim WRK-1 --agent helper --force --reason urgent')
    await as(queue, 'me', MINUTE, 'claim WRK-1 --agent helper')
    const { code, json } = await as(queue, 'me', 2 * MINUTE, 'release WRK-1 --json')
    expect([code, json.superseded]).toEqual([
      4,
      { id: 'WRK-1', by: 'me/helper', at: later(MINUTE), reason: 'forced: urgent' },
    ])
    expect(queue.session('me').claims).toMatchObject([{ id: 'WRK-1' }])
    expect((await as(queue, 'me', 2 * MINUTE, 'release WRK-1 --agent helper')).code).toBe(0)
  })

  test('--mine releases what this holder has, not what its helpers have', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    for (const args of ['claim WRK-1', 'claim WRK-2', 'claim WRK-3 --agent one']) await queue.run(args)
    const { code, json } = await queue.run('release --mine --json')
    expect([code, json.items.map(({ item: { id } }: Json) => id)]).toEqual([0, ['WRK-1', 'WRK-2']])
    expect(['WRK-1', 'WRK-2', 'WRK-3'].map(id => queue.lock(id).by)).toEqual(['', '', 'tester/one'])
  })

  test.each([
    ['--mine', 'release --mine --json'],
    ['by the end of the session', 'session end --json'],
  ])(
    '%s releases by their records also the items that cannot be changed, and leaves their files as they are',
    async (_, command) => {
      const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4'])
      for (const id of ['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4']) await queue.run(`claim ${id}`)
      queue.write('WRK-1', `${queue.read('WRK-1')}${'x'.repeat(9 * 1024 * 1024)}`)
      queue.write('WRK-3', queue.read('WRK-3').replace('title: ', 'title: "not closed: '))
      queue.write('working/WRK-4.md', queue.read('WRK-4'))
      const files = ['WRK-1', 'WRK-3', 'WRK-4', 'working/WRK-4.md']
      const before = files.map(name => queue.read(name))
      const { code, json, stderr } = await queue.run(command)
      expect([code, json.ok, json.failed ?? []]).toEqual([0, true, []])
      expect(stderr).toContain('too large')
      expect(stderr).toMatch(/WRK-3\.md:3:\d+: /)
      expect(stderr).toContain('WRK-4 is in 2 places')
      expect(queue.lock('WRK-2').by).toBe('')
      expect(files.map(name => queue.read(name)) as unknown).toEqual(before)
      // Readable again, they show lines that were given up: history, and free for all.
      queue.write('WRK-1', before[0]!.slice(0, -9 * 1024 * 1024))
      queue.write('WRK-3', before[1]!.replace('"not closed: ', ''))
      rmSync(queue.path('working/WRK-4.md'))
      for (const id of ['WRK-1', 'WRK-3', 'WRK-4']) {
        expect(queue.lock(id).by).toBe('tester')
        expect((await queue.run(`claim ${id} --json`, { session: 'other' })).json.kind).toBe('granted')
      }
      if (command.startsWith('session')) expect(queue.session('tester').ended_at).not.toBeNull()
    },
  )

  test('--mine releases a broken item that the session has claimed, and none of others', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    await queue.run('claim WRK-1')
    await queue.run('claim WRK-2', { session: 'other' })
    for (const id of ['WRK-1', 'WRK-2'])
      queue.write(id, queue.read(id).replace('title: ', 'title: "not closed: '))
    const before = queue.read('WRK-1')
    const { code, stderr, stdout } = await queue.run('release --mine')
    expect([code, stdout]).toEqual([0, 'Released WRK-1\n'])
    expect(stderr).toMatch(/^wrk: warning: released in its record; the file was not changed: .*WRK-1\.md:3:/)
    expect(stderr).not.toContain('WRK-2')
    expect(queue.read('WRK-1')).toBe(before)
    expect((await queue.run('heartbeat --json', { session: 'other' })).json.superseded).toEqual([])
  })

  test('that names a run works for the run that claimed, and for no other', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1 --run-id a1')
    expect(queue.session('tester').claims).toMatchObject([{ id: 'WRK-1', run_id: 'a1' }])
    const refused = await queue.run('release WRK-1 --run-id b2 --json')
    expect([refused.code, refused.json.released, refused.json.reason]).toEqual([4, false, 'other-run'])
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect((await queue.run('release WRK-1 --run-id a1')).code).toBe(0)
    expect(queue.session('tester').claims).toEqual([])
  })

  test('works for its holder even when session-state.yaml cannot be read: the record is the truth', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim WRK-1')
    queue.write('session-state.yaml', 'sessions: [unclosed\n')
    const { code, stderr } = await queue.run('release WRK-1')
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.read('session-state.yaml')).toBe('sessions: [unclosed\n')
    expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(0)
  })
})
