/**
 * Disks that are full, folders that cannot be written, system calls that fail: the item is as it was or as
 * it should be, the exit code and a sentence say which, and the next claim works.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { mountSmall, unmountLast } from '../support/faults/small-disk.ts'
import { runInjected } from '../support/faults/system-calls.ts'
import { item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { type Result, resultOf } from '../support/result.ts'
import {
  expectCalm,
  expectConsistent,
  fill,
  HAS_FULL,
  LARGE,
  onSmallDisk,
  PAGE,
  queueOnSmallDisk,
  strace,
  usedQueue,
} from './faults.shared.ts'

const IS_ROOT = process.getuid?.() === 0

describe('on a full disk', () => {
  onSmallDisk('a release is whole or not at all, and the lock is the holder’s until it is', async () => {
    const { queue, disk } = queueOnSmallDisk()
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    const before = queue.read('WRK-1')
    fill(disk, 0)
    const result = await queue.run('release WRK-1 --json')
    expect(result.code).toBe(74)
    expect(result.json.error.message).toContain('the disk is full')
    expect(queue.read('WRK-1') === before).toBe(true)
    rmSync(join(disk, 'ballast'))
    expect((await queue.run('release WRK-1')).code).toBe(0)
    expect(queue.read('WRK-1') === LARGE).toBe(true)
    expect(queue.leftovers()).toEqual([])
  })

  onSmallDisk('wrk init leaves a .gitignore of the user whole', async () => {
    for (const free of [0, PAGE, 2 * PAGE, 5 * PAGE, 10 * PAGE, 20 * PAGE]) {
      const { queue, disk } = queueOnSmallDisk()
      const rules = '# a rule of the user\n'.repeat(3000)
      queue.write('.gitignore', rules)
      queue.write('wrk.yaml', 'ttl: 2h\n')
      queue.write('templates/item.md', 'ours\n')
      fill(disk, free)
      const result = await queue.run(['init', queue.root])
      expectCalm(result)
      expect([0, 74]).toContain(result.code)
      const whole = queue.read('.gitignore')
      const wanted = result.code === 0 ? `${rules}session-state.yaml\n` : rules
      expect({ free, bytes: whole.length, whole: whole === wanted }).toEqual({
        free,
        bytes: wanted.length,
        whole: true,
      })
      unmountLast()
    }
  })
})

onSmallDisk('the item on another file system than .wrk is refused with exit 74, which says so', async () => {
  const queue = makeQueue()
  mountSmall(queue.path('pending'), 256)
  queue.write('WRK-1', item('WRK-1'))
  const result = await queue.run('claim WRK-1 --json')
  expect(result.code).toBe(74)
  expect(result.json.error).toMatchObject({
    code: 'IO',
    message: expect.stringContaining('another file system'),
    hint: expect.stringContaining('.wrk'),
  })
  expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  expect(queue.leftovers()).toEqual([])
  expect((await queue.run('show WRK-1')).code).toBe(0)
  unmountLast()
})

// --- permissions ----------------------------------------------------------------------------------------

/** Runs wrk as a user who owns nothing here: another uid when this is root. */
function runAsStranger(queue: Queue, args: string): Result {
  const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester', HOME: '/nonexistent' })
  const as = IS_ROOT ? { uid: 65534, gid: 65534 } : {}
  const done = spawnSync(PROGRAM, [...FIRST, ...args.split(' ')], {
    cwd: '/',
    env,
    encoding: 'utf8',
    ...as,
  })
  return resultOf(done.status, done.stdout, done.stderr)
}

const readOnly: string[] = []

afterAll(() => {
  // For the sake of who is not root and wants to remove them.
  for (const path of readOnly) chmodSync(path, 0o755)
})

/** Lets everybody read folders of a queue, and their owner alone write; for a user who is not root, nobody write. */
function makeReadOnly(queue: Queue, ...names: string[]): void {
  chmodSync(queue.home, 0o755)
  for (const name of names) {
    const path = join(queue.root, name)
    chmodSync(path, IS_ROOT ? 0o755 : 0o555)
    readOnly.push(path)
  }
}

function makeWritable(queue: Queue, ...names: string[]): void {
  for (const name of names) {
    if (IS_ROOT) chownSync(join(queue.root, name), 65534, 65534)
    chmodSync(join(queue.root, name), 0o755)
  }
}

describe('without permission', () => {
  test('to write anywhere in the queue, a claim fails with exit 74 in words, and reads go on', () => {
    const queue = makeQueue(['WRK-1'])
    makeReadOnly(queue, '', 'pending')
    const result = runAsStranger(queue, 'claim WRK-1 --json')
    expect(result.code).toBe(74)
    expect(result.json.error).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/permission denied.*\.wrk/),
      hint: expect.stringContaining('permissions'),
    })
    for (const command of ['show WRK-1', 'list', 'status', 'log', 'where'])
      expect({ [command]: runAsStranger(queue, command).code }).toEqual({ [command]: 0 })
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  })

  test('to write the item’s folder, it stays as it is, the message names it, and no litter is left', () => {
    const queue = makeQueue(['WRK-1'])
    chmodSync(queue.path('WRK-1'), 0o644)
    if (IS_ROOT) chownSync(queue.path('WRK-1'), 65534, 65534)
    mkdirSync(queue.path('.wrk'), { recursive: true })
    makeWritable(queue, '', '.wrk')
    makeReadOnly(queue, 'pending')
    const result = runAsStranger(queue, 'claim WRK-1')
    expect(result).toMatchObject({ code: 74, stdout: '' })
    expect(result.stderr).toMatch(/^wrk: .*permission/)
    expect(result.stderr).toContain('pending/WRK-1.md')
    expectCalm(result)
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
    expect(queue.leftovers()).toEqual([])
    makeWritable(queue, 'pending')
    expect(runAsStranger(queue, 'claim WRK-1').code).toBe(0)
  })

  test.skipIf(!IS_ROOT)('to keep the item’s owner, it is not replaced by a file of another', () => {
    const queue = makeQueue(['WRK-1'])
    mkdirSync(queue.path('.wrk'), { recursive: true })
    makeWritable(queue, '', '.wrk', 'pending')
    chmodSync(queue.home, 0o755)
    chmodSync(queue.path('WRK-1'), 0o666)
    const result = runAsStranger(queue, 'claim WRK-1')
    expect(result.code).toBe(74)
    expect(result.stderr).toContain('belongs to another user (uid 0)')
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
    expect(queue.leftovers()).toEqual([])
  })

  test.skipIf(!IS_ROOT)('to keep the item’s group, the message names the group and the next step', () => {
    const queue = makeQueue(['WRK-1'])
    mkdirSync(queue.path('.wrk'), { recursive: true })
    makeWritable(queue, '', '.wrk', '.wrk/state.json', 'pending', 'working', 'blocked', 'done', 'archive')
    chmodSync(queue.home, 0o755)
    chownSync(queue.path('WRK-1'), 65534, 0)
    const { code, json } = runAsStranger(queue, 'claim WRK-1 --json')
    expect(code).toBe(74)
    expect(json.error.message).toContain('belongs to a group that you are not in (gid 0)')
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
    const command = /(chgrp -R .*)\)$/.exec(json.error.hint)![1]!.replace('FOLDER', queue.root)
    expect(spawnSync('sh', ['-c', command], { uid: 65534, gid: 65534 }).status).toBe(0)
    expect(runAsStranger(queue, 'claim WRK-1').code).toBe(0)
  })

  test('to read the item, it is reported as such by every command, and never as free', () => {
    const queue = makeQueue(['WRK-1'])
    makeWritable(queue, '', '.wrk', 'pending')
    chmodSync(queue.home, 0o755)
    chmodSync(queue.path('WRK-1'), 0)
    const claim = runAsStranger(queue, 'claim WRK-1')
    expect(claim.code).toBe(74)
    expect(claim.stderr).toContain('permission denied')
    const show = runAsStranger(queue, 'show WRK-1')
    expect(show.stdout).toContain('EACCES')
    expect(show.stdout).not.toMatch(/lock +free/)
    expect(runAsStranger(queue, 'list --json').json.items[0].problems).toHaveLength(1)
    const path = queue.path('WRK-1')
    expect(runAsStranger(queue, 'doctor --json').json.findings).toMatchObject([
      { code: 'no-permission', path, advice: `Its owner can permit it: chmod u+rw ${path}` },
    ])
    const search = runAsStranger(queue, 'search about')
    expect(search.code).toBe(1)
    expect(search.stderr).toContain('not searched, because they cannot be read: WRK-1. Why: wrk doctor')
  })
})

// --- .wrk, and readers that go away -----------------------------------------------------------------------

test('a .wrk that was deleted between two calls is made again', async () => {
  const queue = makeQueue(['WRK-1'])
  for (const [command, code] of [
    ['claim WRK-1', 0],
    ['claim WRK-1', 0],
    ['release WRK-1', 0],
    ['log', 0],
    ['claim WRK-1 --session other', 0],
    ['status', 0],
  ] as const) {
    expect({ [command]: (await queue.run(command)).code }).toEqual({ [command]: code })
    rmSync(queue.path('.wrk'), { recursive: true, force: true })
  }
  await queue.run('claim WRK-1 --session other')
  expect(queue.read('.wrk/.gitignore')).toBe('*\n')
})

test('a .wrk that is a file is reported in a sentence, and nothing is claimed', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), '.wrk': 'in the way\n' })
  const result = await queue.run('claim WRK-1')
  expectCalm(result)
  expect(result.code).toBe(74)
  expect(result.stderr).toContain('.wrk')
  expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  expect(queue.read('.wrk')).toBe('in the way\n')
})

describe('stdout', () => {
  const shell = (queue: Queue, script: string) =>
    finished(
      start('/bin/bash', ['-c', script], {
        cwd: queue.home,
        env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' }),
      }),
    )

  test.skipIf(!HAS_FULL)('that cannot be written is not called undone where wrk has done it', async () => {
    const queue = makeQueue(['WRK-1'])
    const unwritten = 'wrk: could not write to standard output: the disk is full\n'
    const done = `${unwritten}     The command has done its work; only its output is missing.\n`
    for (const command of ['new x', 'claim WRK-1', 'claim WRK-1 --json'])
      expect(await shell(queue, `wrk ${command} >/dev/full`)).toMatchObject({ code: 74, stderr: done })
    expect(queue.lock('WRK-1').by).toBe('tester')
    const notDone = `wrk claim WRK-1 --session other --json >/dev/full`
    expect(await shell(queue, notDone)).toMatchObject({ code: 74, stderr: unwritten })
    for (const command of ['--help', 'watch --json'])
      expect(await shell(queue, `wrk ${command} >/dev/full`)).toMatchObject({ code: 74, stderr: unwritten })
  })

  test.each(['>&-', '2>&-', '>&- 2>&- <&-'])(
    'that is closed (%s) does not keep a claim from its work',
    async closed => {
      const queue = makeQueue(['WRK-1'])
      expect((await shell(queue, `wrk claim WRK-1 ${closed}; exit $?`)).code).toBe(0)
      expect(queue.lock('WRK-1').by).toBe('tester')
      expect(queue.leftovers()).toEqual([])
    },
  )
})

describe.runIf(strace)('when a system call fails', () => {
  test.each([
    ['fsync', 'EIO', 'disk reported an error'],
    ['rename,renameat,renameat2', 'EACCES', 'permission denied'],
  ])('%s with %s: exit 74, the old bytes, no litter', async (calls, errno, message) => {
    const queue = await usedQueue()
    const injected = runInjected(queue, 'claim WRK-1 --json', `${calls}:error=${errno}`)
    expect(injected.hits).toBeGreaterThan(0)
    expect(injected.result.code).toBe(74)
    expect(injected.result.json.error).toMatchObject({
      code: 'IO',
      message: expect.stringContaining(message),
    })
    expect(queue.leftovers()).toEqual([])
    await expectConsistent(queue, injected, {})
  })
})
