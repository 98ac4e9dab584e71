/** Session locks through the command: one run at a time, whatever is in the lock's file. */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { releasedText } from '../../src/core/locks/session-lock.ts'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { run } from '../support/run.ts'
import { anchorOf, deadAnchor, HOST, registry } from '../support/sessions.ts'
import { startAgent } from '../support/terminals/agents.ts'
import { together } from '../support/together.ts'
import {
  claims,
  dataOf,
  expectOneWinner,
  fileOf,
  heldLock,
  MANY,
  ofDead,
  put,
  textOf,
} from './lock.shared.ts'

describe(`of ${MANY} processes released at the same instant one gets the lock`, () => {
  test('when nobody holds it, and nothing of the folder is there yet', async () => {
    const queue = makeQueue()
    expect(expectOneWinner(queue, await together(claims(MANY), { queue })).kind).toBe('granted')
  })
})

test('runs that take turns never meet', async () => {
  const queue = makeQueue()
  const inside = join(queue.home, 'inside')
  const turn = `test ! -e ${inside} && : >${inside} && rm ${inside}`
  const calls = Array.from({ length: 6 }, (_, i) => ({
    args: ['lock', 'run', '--wait', '50s', '--', 'sh', '-c', turn],
    session: `racer-${i}`,
  }))
  const results = await together(calls, { queue })
  expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(calls.map(() => [0, '']))
  const events = queue.events().filter(({ item }) => item)
  expect(events.map(({ type }) => type)).toEqual(calls.flatMap(() => ['granted', 'released']))
  for (let i = 0; i < events.length; i += 2) expect(events[i + 1]!.session).toBe(events[i]!.session)
})

describe('a lock', () => {
  test('is claimed, shown, renewed and released, and says so in flat JSON', async () => {
    const queue = makeQueue()
    const free = await queue.run('lock show --json')
    expect([free.code, free.json.lock, free.json.run_id, free.json.error_code]).toEqual([0, null, null, null])
    expect(queue.stateFiles()).toEqual([])

    const claim = await queue.run('lock claim --ttl 5400 --purpose nightly_runner --json')
    expect(claim.code).toBe(0)
    expect(claim.json).toMatchObject({
      schema_version: 1,
      ok: true,
      acquired: true,
      error_code: null,
      error: null,
      run_id: expect.stringMatching(/^run-\d{8}T\d{6}Z-[0-9a-z]{6}$/),
      lock_path: fileOf(queue),
      ttl_sec: 5400,
      warning: expect.stringContaining('only the TTL'),
      lock: {
        pid: null,
        host: HOST,
        started_utc: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        purpose: 'nightly_runner',
        ttl_sec: 5400,
        session_id: 'tester',
        heartbeat_utc: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    })
    const runId = claim.json.run_id
    expect(claim.json.lock.run_id).toBe(runId)
    expect(dataOf(queue)).toEqual(claim.json.lock)

    const show = await queue.run('lock show --json')
    expect([show.code, show.json.run_id, show.json.lock]).toEqual([0, runId, claim.json.lock])
    expect(show.json).toMatchObject({ liveness: 'unknown', reason: expect.any(String), stale: false })

    const env = { WRK_NOW: '+10m' }
    const renew = await queue.run(`lock renew --run-id ${runId} --json`, { env })
    expect([renew.code, renew.json.renewed]).toEqual([0, true])
    expect(Date.parse(renew.json.lock.heartbeat_utc)).toBeGreaterThan(Date.now() + 9 * MINUTE)
    expect(renew.json.lock.started_utc).toBe(claim.json.lock.started_utc)

    const release = await queue.run(`lock release --run-id ${runId} --json`)
    expect([release.code, release.json.released, release.json.lock]).toEqual([0, true, null])
    const again = await queue.run(`lock release --run-id ${runId} --json`)
    expect([again.code, again.json.ok, again.json.released]).toEqual([0, true, false])
    expect((await queue.run('lock show --json')).json.lock).toBeNull()
    expect((await queue.run('lock claim --json')).json).toMatchObject({ acquired: true, kind: 'granted' })
    expect(queue.events().map(({ type }) => type)).toEqual(['granted', 'released', 'granted'])
  })

  test('says who holds it, since when, until when, whether they live, and what to do', async () => {
    const queue = makeQueue()
    put(queue, heldLock({ session_id: 'nightly', purpose: 'the \u001b[31mnightly run' }))
    const show = await queue.run('lock show')
    const refused = await queue.run('lock claim')
    expect([show.code, refused.code, refused.stdout]).toEqual([0, 4, ''])
    for (const text of [show.stdout, refused.stderr]) {
      for (const part of [
        'run-0',
        `process ${process.pid} on ${HOST}`,
        'session nightly',
        '10m ago',
        'until 20',
      ])
        expect(text).toContain(part)
      expect(text).toContain(`alive: process ${process.pid} is running`)
      expect(text).not.toContain('\u001b')
    }
    expect(refused.stderr).toContain('--wait')
    expect(refused.stderr).not.toMatch(/cleanup|release nightly/)
  })

  test('is renewed by the run that holds it, and by no other run of the same session', async () => {
    const queue = makeQueue()
    expect((await queue.run('lock claim deploy --run-id 7 --ttl 90m')).code).toBe(0)
    const again = await queue.run('lock claim deploy --run-id 7 --purpose more --json', { session: 'other' })
    expect([again.code, again.json.kind]).toEqual([0, 'renewed'])
    expect(again.json.lock).toMatchObject({ purpose: 'more', ttl_sec: 5400 })
    for (const args of ['lock claim deploy', 'lock claim deploy --run-id 8'])
      expect((await queue.run(args)).code).toBe(4)
    expect((await queue.run('lock claim --run-id 8')).code).toBe(0)
  })

  test.each(['--run-id another', '--run-id=', '', '--run-id ../../x'])(
    'is not released with %j, and not a byte changes',
    async flag => {
      const queue = makeQueue()
      put(queue, heldLock())
      const before = textOf(queue)
      const { ino, mtimeNs } = statSync(fileOf(queue), { bigint: true })
      const args = ['lock', 'release', '--json', ...flag.split(' ').filter(Boolean)]
      const release = await queue.run(args)
      expect([release.code, release.json.released, release.json.ok]).toEqual([4, false, false])
      expect(release.json).toMatchObject({ error_code: 'not_holder', lock: { run_id: 'run-0' } })
      expect(textOf(queue)).toBe(before)
      const now = statSync(fileOf(queue), { bigint: true })
      expect([now.ino, now.mtimeNs]).toEqual([ino, mtimeNs])
    },
  )

  test('is no older for a renewal by a clock that is behind (found by a storm)', async () => {
    const queue = makeQueue()
    const at = (time: string, args: string) =>
      queue.run(`lock ${args}`, { env: { WRK_NOW: `2026-11-21T${time}Z` } })
    await at('10:00:00', 'claim deploy --run-id 7 --ttl 60s')
    await at('10:00:50', 'claim deploy --run-id 7')
    expect((await at('09:58:55', 'renew deploy --run-id 7')).code).toBe(0)
    expect((await at('10:01:49', 'claim deploy --run-id 8')).code).toBe(4)
    expect((await at('10:01:50', 'claim deploy --run-id 8')).code).toBe(0)
  })

  test('counts from its last renewal also when that clock, or the reader’s, is far off (found by a storm)', async () => {
    const queue = makeQueue()
    const at = (now: string, args: string) => queue.run(`lock ${args}`, { env: { WRK_NOW: now } })
    await at('-3h', 'claim deploy --run-id 7 --ttl 2h')
    await at('+0s', 'renew deploy --run-id 7')
    expect((await at('-10m', 'claim deploy --run-id 8')).code).toBe(4)

    // What a clock an hour ahead says counts by the file's own time.
    await at('+1h', 'renew deploy --run-id 7')
    expect((await at('+0s', 'claim deploy --run-id 8')).code).toBe(4)
    utimesSync(fileOf(queue, 'deploy'), ago(2 * HOUR), ago(2 * HOUR))
    expect((await at('+0s', 'claim deploy --run-id 8')).code).toBe(0)
  })

  test('lives as long as its own TTL says, not the asker’s', async () => {
    const queue = makeQueue()
    put(queue, heldLock({ ttl_sec: 660, pid: null, anchor: null }))
    expect((await queue.run('lock claim --ttl 1')).code).toBe(4)
    expect((await queue.run('lock claim --json', { env: { WRK_NOW: '+2m' } })).json.kind).toBe('takenOver')
    put(queue, heldLock({ ttl_sec: 86_400, pid: null, anchor: null }))
    expect(
      (await queue.run('lock claim --ttl 1', { env: { WRK_NOW: '+5h', LOCK_TTL_SECONDS: '1' } })).code,
    ).toBe(4)
  })

  test('that was lost is not renewed, and its run learns to whom and why', async () => {
    const queue = makeQueue()
    expect((await queue.run('lock claim --run-id first --ttl 60')).code).toBe(0)
    const env = { WRK_NOW: '+2m' }
    expect((await queue.run('lock claim --run-id second', { env })).code).toBe(0)
    const before = textOf(queue)
    for (const verb of ['renew', 'release']) {
      const answer = await queue.run(`lock ${verb} --run-id first --json`, { env })
      expect(answer.code).toBe(4)
      expect(answer.json).toMatchObject({ error_code: 'lost', lock: { run_id: 'second' } })
      expect(answer.json.error).toMatch(/taken over from first by second.*silent/)
    }
    expect(textOf(queue)).toBe(before)
    await queue.run('lock release --run-id second', { env })
    const late = await queue.run('lock release --run-id first --json', { env })
    expect([late.code, late.json.released]).toEqual([0, false])
    expect((await queue.run('lock renew --run-id first --json')).code).toBe(4)
  })

  test('of an agent is free when the agent is gone, and not before', async () => {
    const queue = makeQueue()
    const agent = await startAgent('claude', queue)
    const claim = await agent.run('wrk lock claim --json')
    expect(claim.json.lock).toMatchObject({ pid: agent.pid, host: HOST })
    expect(claim.json.warning).toBeNull()
    const refused = await queue.run('lock claim --json')
    expect(refused.json).toMatchObject({ error_code: 'locked', liveness: 'alive' })
    await agent.kill()
    const taken = await queue.run('lock claim --json')
    expect(taken.json.kind).toBe('takenOver')
    expect(taken.json.from.reason).toContain(`process ${agent.pid} is gone`)
  })

  test('of a session that was ended is free', async () => {
    const state = (ended_at: Date | null) =>
      registry([{ id: 'nightly', anchor: anchorOf(), heartbeat_at: ago(MINUTE), ended_at }])
    const queue = makeQueue({ 'session-state.yaml': state(null) })
    put(queue, heldLock({ session_id: 'nightly', ...ofDead() }))
    expect((await queue.run('lock claim --json')).json).toMatchObject({
      error_code: 'locked',
      liveness: 'alive',
    })
    queue.write('session-state.yaml', state(ago(1000)))
    expect((await queue.run('lock claim --json')).json.kind).toBe('takenOver')
  })

  test('by older tooling is judged by its age alone', async () => {
    const { pid } = deadAnchor()
    const old = (age: number) =>
      JSON.stringify({
        run_id: 'run-0',
        pid,
        host: HOST,
        started_utc: stampOf(ago(age)),
        purpose: 'nightly',
        ttl_sec: 5400,
      })
    const queue = makeQueue()
    put(queue, old(89 * MINUTE))
    const refused = await queue.run('lock claim --json')
    expect(refused.json).toMatchObject({
      error_code: 'locked',
      liveness: 'unknown',
      lock: { run_id: 'run-0', pid },
    })
    expect((await queue.run('lock renew --run-id run-0')).code).toBe(0)
    put(queue, old(91 * MINUTE))
    expect((await queue.run('lock claim --json')).json.kind).toBe('takenOver')
    put(queue, `\ufeff${old(MINUTE)}`)
    expect((await queue.run('lock release --run-id run-0 --json')).json.released).toBe(true)
  })

  test.each(['../x', 'a/b', '.hidden', '', 'ä', 'x'.repeat(65)])('is not named %j', async name => {
    const queue = makeQueue()
    for (const verb of ['show', 'claim', 'release', 'cleanup']) {
      const result = await queue.run(['lock', verb, name, '--json'])
      expect([result.code, result.json.error?.code, result.json.error_code]).toEqual([2, 'USAGE', 'usage'])
    }
    expect(queue.stateFiles()).toEqual([])
  })

  test.each([
    'lock claim --ttl soon',
    'lock claim --ttl 0',
    'lock claim --run-id=',
    'lock claim a b',
    'lock renew',
    'lock claim --force',
    'lock',
    'lock break',
  ])('wrk %s is a usage error', async args => {
    const result = await makeQueue().run(`${args} --json`)
    expect([result.code, result.json.error.code, result.json.error_code]).toEqual([2, 'USAGE', 'usage'])
  })
})

describe('a lock file that cannot be read', () => {
  test.skipIf(process.getuid?.() === 0)('because of its permissions is corrupt too', async () => {
    const queue = makeQueue()
    chmodSync(put(queue, heldLock()), 0)
    expect((await queue.run('lock show --json')).json.error_code).toBe('corrupt')
    expect((await queue.run('lock claim --json')).code).toBe(5)
  })
})

describe('cleanup', () => {
  test('frees what is dead or expired, leaves the rest, and twice equals once', async () => {
    const queue = makeQueue()
    put(queue, heldLock(ofDead()), new Date(), 'dead')
    put(queue, heldLock({ ttl_sec: 60 }), new Date(), 'stale')
    put(queue, heldLock(), new Date(), 'alive')
    const { pid, anchor } = ofDead()
    put(
      queue,
      heldLock({ host: 'otherbox', pid, anchor: { ...anchor, boot: 'b0' } }),
      new Date(),
      'elsewhere',
    )
    put(queue, 'young and torn', new Date(), 'torn')
    put(queue, releasedText('run-0', 'holder', new Date()), new Date(), 'free')
    const untouched = ['alive', 'elsewhere', 'torn', 'free']
    const before = untouched.map(name => textOf(queue, name))
    const cleanup = await queue.run('lock cleanup --json')
    expect(cleanup.code).toBe(0)
    expect(cleanup.json.reclaimed.map(({ name }: Json) => name)).toEqual(['dead', 'stale'])
    expect(cleanup.json.reclaimed[0]).toMatchObject({
      lock: { run_id: 'run-0' },
      reason: expect.stringContaining('is gone'),
      quarantined_to: null,
    })
    const after = readdirSync(dirname(fileOf(queue))).sort()
    expect(untouched.map(name => textOf(queue, name))).toEqual(before)
    const again = await queue.run('lock cleanup --json')
    expect([again.code, again.json.reclaimed]).toEqual([0, []])
    expect(readdirSync(dirname(fileOf(queue))).sort()).toEqual(after)
    expect(queue.events()).toMatchObject([
      { type: 'released', item: 'lock:dead', previous_holder: 'run-0', session: 'tester' },
      { type: 'released', item: 'lock:stale' },
    ])
    for (const name of ['dead', 'stale'])
      expect((await queue.run(`lock show ${name} --json`)).json.lock).toBeNull()
  })

  test('with --ttl frees whatever is older, living holder or not', async () => {
    const queue = makeQueue()
    put(queue, heldLock(), new Date(), 'alive')
    put(queue, 'torn', ago(10 * MINUTE), 'torn')
    expect((await queue.run('lock cleanup --ttl 1h --json')).json.reclaimed).toEqual([])
    const one = await queue.run('lock cleanup alive --ttl 9m --json')
    expect(one.json.reclaimed.map(({ name }: Json) => name)).toEqual(['alive'])
    expect(queue.events()).toMatchObject([{ type: 'released', forced: true }])
    const rest = await queue.run('lock cleanup --ttl 9m')
    expect(rest.stdout).toContain('Set torn aside')
    expect((await queue.run('lock cleanup nothing_there')).stdout).toBe('Nothing to clean up.\n')
  })
})

describe('locks are', () => {
  test('in --state-dir, else WRK_STATE_DIR, else TRI_STATE_DIR, else the queue’s .wrk', async () => {
    const queue = makeQueue()
    const [flag, own, tri] = [join(queue.home, 'flag'), join(queue.home, 'own'), join(queue.home, 'tri')]
    const pathIn = async (args: string, env = {}) =>
      (await queue.run(`lock claim ${args} --json`, { env })).json.lock_path
    expect(await pathIn(`--state-dir ${flag}`, { WRK_STATE_DIR: own, TRI_STATE_DIR: tri })).toBe(
      join(flag, 'ops/locks/nightly_session.lock'),
    )
    expect(await pathIn('--purpose x', { WRK_STATE_DIR: own, TRI_STATE_DIR: tri })).toBe(
      join(own, 'ops/locks/nightly_session.lock'),
    )
    expect(await pathIn('--purpose x', { WRK_STATE_DIR: '', TRI_STATE_DIR: tri })).toBe(
      join(tri, 'ops/locks/nightly_session.lock'),
    )
    expect(await pathIn('--purpose x', {})).toBe(fileOf(queue))
    // Guards and events of each are kept with it, out of git's sight.
    for (const state of [flag, own, tri]) {
      expect(readFileSync(join(state, '.wrk/.gitignore'), 'utf8')).toBe('*\n')
      expect(readFileSync(join(state, '.wrk/events.jsonl'), 'utf8')).toContain('"granted"')
      expect(readdirSync(state).sort()).toEqual(['.wrk', 'ops'])
    }
    const before = await queue.run('lock --state-dir flag show --json')
    expect(before.json.lock).not.toBeNull()
  })

  test('without any queue where a state folder is named', async () => {
    const home = tempFolder()
    const state = join(home, 'not', 'there', 'yet')
    const env = { TRI_STATE_DIR: state }
    const inHome = (args: string, session: string | null = null, more = env) =>
      run(args, { cwd: home, session, env: more })
    expect((await inHome('lock show --json')).json).toMatchObject({ ok: true, lock: null })
    expect((await inHome('lock cleanup --json')).json).toMatchObject({ ok: true, reclaimed: [] })
    expect(existsSync(state)).toBe(false)
    // No agent, no terminal, no queue: the run is the holder all the same.
    const claim = await inHome('lock claim --json')
    expect(claim.code).toBe(0)
    expect(claim.json.lock).toMatchObject({ session_id: null, pid: null, host: HOST })
    expect(claim.json.warning).toContain('only the TTL')
    expect((await inHome('lock claim --json', 'somebody')).code).toBe(4)
    expect((await inHome(`lock renew --run-id ${claim.json.run_id}`)).code).toBe(0)
    expect((await inHome(`lock release --run-id ${claim.json.run_id}`)).code).toBe(0)
    expect((await inHome('lock run -- true')).code).toBe(0)
    expect(readdirSync(home).sort()).toEqual(['not'])

    const nowhere = await run('lock show --json', { cwd: home, session: null })
    expect([nowhere.code, nowhere.json.error_code, nowhere.json.ok]).toEqual([1, 'not_found', false])
    expect(nowhere.json.error).toContain('no queue here')
    expect(nowhere.json.hint).toContain('--state-dir')
  })
})
