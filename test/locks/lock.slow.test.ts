/** The rest of lock.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { releasedText } from '../../src/core/locks/session-lock.ts'
import { ago, HOUR, MINUTE, stampOf } from '../support/clock.ts'
import { makeQueue } from '../support/queue.ts'
import { together } from '../support/together.ts'
import { claims, expectOneWinner, fileOf, heldLock, MANY, ofDead, put, textOf } from './lock.shared.ts'

describe(`of ${MANY} processes released at the same instant one gets the lock`, () => {
  test('when it was released', async () => {
    const queue = makeQueue()
    put(queue, releasedText('run-0', 'holder', ago(MINUTE)))
    expect(expectOneWinner(queue, await together(claims(MANY), { queue })).kind).toBe('granted')
  })

  test.each([
    ['whose process is dead', () => heldLock(ofDead()), 'dead'],
    ['whose time is up', () => heldLock({ ttl_sec: 60 }), 'TTL'],
    [
      'by older tooling whose time is up',
      () =>
        JSON.stringify({
          run_id: 'run-0',
          pid: process.pid,
          started_utc: stampOf(ago(3 * HOUR)),
          ttl_sec: 5400,
        }),
      'TTL',
    ],
  ])('when it is held by a run %s', async (_, content, reason) => {
    const queue = makeQueue()
    put(queue, content())
    const results = await together(claims(MANY), { queue })
    const winner = expectOneWinner(queue, results)
    expect(winner).toMatchObject({
      kind: 'takenOver',
      from: { lock: { run_id: 'run-0' }, reason: expect.stringContaining(reason) },
      warning: expect.stringContaining('took over lock nightly_session from run-0'),
    })
    expect(queue.events().find(({ type }) => type === 'takenOver')).toMatchObject({
      previous_holder: 'run-0',
    })
  })

  test('and none when it is held, or cannot be read', async () => {
    for (const content of [heldLock(), 'torn']) {
      const queue = makeQueue()
      put(queue, content)
      const results = await together(claims(12), { queue })
      const code = content === 'torn' ? 5 : 4
      expect(results.map(result => [result.code, result.json.acquired])).toEqual(
        results.map(() => [code, false]),
      )
      expect(textOf(queue)).toBe(content)
      expect(queue.events().filter(({ item }) => item)).toEqual([])
    }
  })

  test('also when others clean up at the same time', async () => {
    const queue = makeQueue()
    put(queue, heldLock(ofDead()))
    const cleaners = Array.from({ length: 10 }, (_, i) => ({
      args: 'lock cleanup --json',
      session: `cleaner-${i}`,
    }))
    const results = await together([...claims(20), ...cleaners], { queue })
    const reclaimed = results.slice(20).flatMap(({ json }) => json.reclaimed)
    expect(reclaimed.length).toBeLessThanOrEqual(1)
    expect(results.slice(0, 20).filter(({ json }) => json.acquired)).toHaveLength(1)
    expect(queue.leftovers()).toEqual([])
  })
})

describe('a lock file that cannot be read', () => {
  const forms: [string, (file: string) => void][] = [
    ['is empty', file => writeFileSync(file, '')],
    ['is torn', file => writeFileSync(file, heldLock().slice(0, 60))],
    ['is no object', file => writeFileSync(file, '["run-0"]')],
    ['names no run', file => writeFileSync(file, '{"pid":1,"started_utc":"2026-01-01T00:00:00Z"}')],
    ['is binary', file => writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00, 0x7b]))],
    ['is far too large', file => writeFileSync(file, `${heldLock()}${' '.repeat(200_000)}`)],
    ['is a folder', file => mkdirSync(join(file, 'inside'), { recursive: true })],
    ['is a link to a lock', file => symlinkSync(join(dirname(file), 'real.json'), file)],
    ['is a link to nothing', file => symlinkSync('/nowhere/at/all', file)],
    ['is a pipe', file => spawnSync('mkfifo', [file])],
  ]

  /** What is there, in a form that shows every change. */
  function picture(file: string): string {
    const stat = lstatSync(file, { bigint: true })
    const content = stat.isFile() ? readFileSync(file, 'base64') : stat.isDirectory() ? readdirSync(file) : ''
    return [stat.ino, stat.mode, stat.size, stat.mtimeNs, content].join()
  }

  test.each(forms)('because it %s is corrupt to all, and put aside when it is old', async (_, make) => {
    const queue = makeQueue()
    const file = fileOf(queue)
    mkdirSync(dirname(file), { recursive: true })
    const real = join(dirname(file), 'real.json')
    const target = heldLock()
    writeFileSync(real, target)
    make(file)
    const before = picture(file)
    for (const [args, own] of [
      ['show', {}],
      ['claim', { acquired: false }],
      ['claim --run-id run-0', { acquired: false }],
      ['renew --run-id run-0', { renewed: false }],
      ['release --run-id run-0', { released: false }],
      ['release', { released: false }],
      ['run -- touch ran', { acquired: false }],
    ] as const) {
      const words = `lock ${args}`.replace(/( --|$)/, ' --json$1').split(' ')
      const result = await queue.run(words)
      expect([args, result.code]).toEqual([args, 5])
      expect(result.json).toMatchObject({
        ok: false,
        error_code: 'corrupt',
        lock: null,
        lock_path: file,
        ...own,
      })
    }
    expect(existsSync(join(queue.home, 'ran'))).toBe(false)
    expect((await queue.run('lock cleanup --json')).json).toMatchObject({ ok: true, reclaimed: [] })
    expect(picture(file)).toBe(before)

    const env = { WRK_NOW: '+3h' }
    const cleanup = await queue.run('lock cleanup --json', { env })
    expect(cleanup.code).toBe(0)
    const [reclaimed] = cleanup.json.reclaimed
    expect(cleanup.json.reclaimed).toHaveLength(1)
    expect(reclaimed).toMatchObject({ name: 'nightly_session', lock_path: file, lock: null })
    expect(reclaimed.reason).toContain('is not a readable lock')
    expect(picture(reclaimed.quarantined_to)).toBe(before)
    expect(readFileSync(real, 'utf8')).toBe(target)
    expect((await queue.run('lock cleanup --json', { env })).json.reclaimed).toEqual([])
    expect((await queue.run('lock show --json', { env })).json.lock).toBeNull()
    expect((await queue.run('lock claim --json', { env })).json.acquired).toBe(true)
    expect(picture(reclaimed.quarantined_to)).toBe(before)
    expect(queue.events().map(({ type }) => type)).toEqual(['moved', 'granted'])
    expect(queue.leftovers()).toEqual([])
  })

  test('is put aside once by many who clean up at the same instant, and replaces no other file', async () => {
    const queue = makeQueue()
    const kept = new Set<string>()
    for (const [round, text] of ['one', 'two', 'three'].entries()) {
      put(queue, text, ago(3 * HOUR))
      const env = { WRK_NOW: stampOf(new Date()) }
      const calls = Array.from({ length: 8 }, () => ({ args: 'lock cleanup --json', env }))
      const results = await together(calls, { queue })
      expect(results.map(({ code }) => code)).toEqual(calls.map(() => 0))
      const reclaimed = results.flatMap(({ json }) => json.reclaimed)
      expect(reclaimed).toHaveLength(1)
      kept.add(reclaimed[0].quarantined_to)
      expect(kept.size).toBe(round + 1)
    }
    expect([...kept].map(path => readFileSync(path, 'utf8')).sort()).toEqual(['one', 'three', 'two'])
    const aside = readdirSync(dirname(fileOf(queue))).filter(name => name.includes('corrupt'))
    expect(aside).toHaveLength(3)
  })
})

describe('locks are', () => {
  test('under one guard, whether the queue’s .wrk is named or found', async () => {
    const queue = makeQueue()
    const found = claims(12)
    const named = claims(12, `lock claim --json --state-dir ${join(queue.root, '.wrk')}`)
    expectOneWinner(
      queue,
      await together([...found, ...named.map((one, i) => ({ ...one, session: `far-${i}` }))], { queue }),
    )
    expect(existsSync(join(queue.root, '.wrk/.wrk'))).toBe(false)
  })

  test.each(['ops', 'ops/locks', '.wrk'])('in no folder that %s as a link leads to', async part => {
    const queue = makeQueue()
    const state = join(queue.home, 'state')
    const outside = join(queue.home, 'outside')
    mkdirSync(dirname(join(state, part)), { recursive: true })
    mkdirSync(outside)
    symlinkSync(outside, join(state, part))
    for (const verb of ['claim', 'show', 'cleanup', 'release --run-id x', 'run -- true']) {
      const words = `lock ${verb}`.replace(/( --|$)/, ` --json --state-dir ${state}$1`).split(' ')
      const result = await queue.run(words)
      expect([verb, result.code]).toEqual([verb, 74])
      expect(result.json).toMatchObject({ ok: false, error_code: 'io' })
      expect(result.json.error).toContain('symbolic link')
    }
    expect(readdirSync(outside)).toEqual([])
  })
})
