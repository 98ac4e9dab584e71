/** The rest of faults.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unmountLast } from '../support/faults/small-disk.ts'
import { atEachFailure } from '../support/faults/system-calls.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { registry } from '../support/sessions.ts'
import {
  expectCalm,
  expectConsistent,
  expectWhole,
  fill,
  HAS_FULL,
  onSmallDisk,
  PAGE,
  queueOnSmallDisk,
  strace,
  usedQueue,
} from './faults.shared.ts'

describe('on a full disk', () => {
  const steps = [
    ...Array.from({ length: 12 }, (_, i) => i * PAGE),
    ...[60_000, 64_000, 68_000, 72_000, 80_000, 96_000, 112_000, 128_000, 160_000],
  ]

  onSmallDisk.each([
    ['a claim by a listed session', true],
    ['the first claim of a queue', false],
  ])('%s is whole or not at all, at any degree of fullness', async (_, used) => {
    const codes = new Set<number | null>()
    for (const free of steps) {
      const { queue, disk } = queueOnSmallDisk()
      if (used) {
        expect((await queue.run('claim WRK-1')).code).toBe(0)
        expect((await queue.run('release WRK-1')).code).toBe(0)
      }
      const before = queue.read('WRK-1')
      fill(disk, free)
      const result = await queue.run('claim WRK-1 --json')
      expectCalm(result)
      codes.add(result.code)
      expect([0, 74]).toContain(result.code)
      if (result.code === 74) {
        expect(result.json.error).toMatchObject({ code: 'IO', hint: expect.stringContaining('space') })
        expect(result.json.error.message).toMatch(/disk is full|takes no more bytes|bytes arrived/)
      }
      expectWhole(queue, before, result.code === 0 ? 'tester' : null)
      expectCalm(await queue.run('show WRK-1'))
      expectCalm(await queue.run('list'))

      rmSync(join(disk, 'ballast'))
      const next = await queue.run('claim WRK-1 --json')
      expect({ free, code: next.code, kind: next.json.kind }).toEqual({
        free,
        code: 0,
        kind: result.code === 0 ? 'renewed' : 'granted',
      })
      expectWhole(queue, before, 'tester')
      expect((await queue.run('heartbeat')).code).toBe(0)
      expect({ free, litter: queue.leftovers() }).toEqual({ free, litter: [] })
      const events = queue.events()
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i + 1))
      unmountLast()
    }
    expect([...codes].sort()).toEqual([0, 74])
  })

  onSmallDisk('the sessions of others are not lost when session-state.yaml cannot be written', async () => {
    for (const free of steps.slice(0, 8)) {
      const { queue, disk } = queueOnSmallDisk()
      const many = Array.from({ length: 60 }, (_, i) => ({ id: `session-${i}`, started_at: new Date() }))
      queue.write('session-state.yaml', registry(many))
      const before = queue.read('session-state.yaml')
      fill(disk, free)
      const result = await queue.run('claim WRK-1')
      expectCalm(result)
      expect([0, 74]).toContain(result.code)
      const after = queue.read('session-state.yaml')
      if (after !== before) for (const { id } of many) expect(queue.session(id)).toBeDefined()
      rmSync(join(disk, 'ballast'))
      expect((await queue.run('claim WRK-1')).code).toBe(0)
      unmountLast()
    }
  })
})

onSmallDisk('on a file system that is read-only, a claim is exit 74 in words, and reads go on', async () => {
  const { queue, disk } = queueOnSmallDisk()
  // At the first use of the queue, and when its .wrk is there.
  for (let use = 1; use <= 2; use++) {
    const before = queue.read('WRK-1')
    const remounted = (how: string) => spawnSync('mount', ['-o', `remount,${how}`, disk]).status
    expect(remounted('ro')).toBe(0)
    for (const command of [
      'claim WRK-1',
      'release WRK-1',
      'archive WRK-1',
      'new Title',
      'session start --provider ci',
    ]) {
      const result = await queue.run(`${command} --json`)
      expectCalm(result)
      expect([command, result.code, result.json.error?.code]).toEqual([command, 74, 'IO'])
      expect(result.json.error.message).toContain('the file system is read-only')
    }
    for (const command of ['show WRK-1', 'list', 'status', 'log', 'session list'])
      expect([command, (await queue.run(command)).code]).toEqual([command, 0])
    expect(queue.read('WRK-1') === before).toBe(true)
    expect(remounted('rw')).toBe(0)
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect(queue.leftovers()).toEqual([])
  }
  unmountLast()
})

describe('stdout', () => {
  const shell = (queue: Queue, script: string) =>
    finished(
      start('/bin/bash', ['-c', script], {
        cwd: queue.home,
        env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' }),
      }),
    )

  test.each(['claim WRK-1', 'list', 'show WRK-1 --json', 'status', 'log', '--help', 'claim --help'])(
    'whose reader has gone is no error for wrk %s',
    async command => {
      const queue = makeQueue(['WRK-1'])
      // The reader has closed the pipe before wrk begins.
      const writer = `until test -e closed; do sleep 0.02; done; wrk ${command}; echo $? >code`
      const result = await shell(queue, `( ${writer} ) | { exec <&-; : >closed; }; cat code`)
      expect(result.stderr).toBe('')
      const code = readFileSync(join(queue.home, 'code'), 'utf8').trim()
      expect(code).toBe('0')
      if (command.startsWith('claim W')) expect(queue.lock('WRK-1').by).toBe('tester')
    },
  )

  test.skipIf(!HAS_FULL).each(['list', 'list --json', 'where', 'claim WRK-1', '--help'])(
    'that cannot be written (a full disk) is exit 74 in a sentence for wrk %s',
    async command => {
      const queue = makeQueue(['WRK-1'])
      const result = await shell(queue, `wrk ${command} >/dev/full`)
      expectCalm(result)
      expect(result.stderr).toMatch(/^wrk: .*(disk is full|ENOSPC)/)
      expect(result.code).toBe(74)
    },
  )
})

/**
 * Each call that has to do with the queue, by the errors that such a call can end with: too many files for what opens,
 * a full disk for what makes or writes, a broken one for what reads, syncs or moves, missing rights for what opens or
 * moves.
 */
describe.runIf(strace)('when a system call fails', () => {
  test.each([
    ['EMFILE', /^openat/],
    ['ENOSPC', /^(openat|mkdir|write|pwrite)/],
    ['EIO', /^(pwrite|read|pread|getdents|fsync|rename|unlink|rmdir)/],
    ['EACCES', /^(openat|rename)/],
    ['EPERM', /^fchmod/],
  ])(
    'each call of a claim in turn (%s): the answer agrees with the file, the next claim works',
    async (errno, only) => {
      const failed = await atEachFailure(
        await usedQueue(),
        'claim WRK-1 --json',
        errno,
        async ({ queue, result, call }) => {
          if (result.code === 74) expect(result.json.error.message).not.toMatch(/system error/)
          // Who may not read the record cannot know who holds the item.
          const isHidden = errno === 'EACCES' && call === 'openat .wrk/claims/wrk-1'
          await expectConsistent(queue, { result, hits: 1 }, { call }, isHidden ? 5 : 74)
        },
        { only },
      )
      console.info(`${errno}: ${failed} system calls of a claim failed in turn`)
      expect(failed).toBeGreaterThan(0)
    },
  )
})
