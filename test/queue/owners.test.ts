/** Queues that more than one account works on, and who owns the files that wrk makes. Needs root and setpriv. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { words } from '../support/run.ts'

const USER = 61001

/** Whether other accounts can be tried here: they must be able to start what is tested. */
const canBecomeOthers =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', [...account(USER), PROGRAM, ...FIRST, '--version'], { cwd: '/' }).status === 0

function account(uid: number): string[] {
  return [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
}

/** Runs the built command as another account, its session named after it. */
function runAs(queue: Queue, uid: number, args: string): Promise<Result> {
  const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: `user-${uid}` })
  const command = [PROGRAM, ...FIRST, ...words(args)]
  return finished(start('setpriv', [...account(uid), ...command], { cwd: queue.home, env }))
}

const everything = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...everything(path)] : [path]
  })

/** A queue that belongs to an account; others may look into it. */
function queueOf(uid: number, items: readonly string[]): Queue {
  const queue = makeQueue(items)
  chmodSync(queue.home, 0o755)
  for (const path of [queue.root, ...everything(queue.root)]) chownSync(path, uid, uid)
  return queue
}

describe.runIf(canBecomeOthers)('an item that belongs to another user', () => {
  test('is passed over by next --claim, with a warning, and reported by doctor', async () => {
    const queue = queueOf(USER, ['WRK-1', 'WRK-2'])
    chownSync(queue.path('WRK-1'), 0, 0)
    const next = await runAs(queue, USER, 'next --claim --json')
    expect([next.code, next.json.item?.id]).toEqual([0, 'WRK-2'])
    expect(next.stderr).toMatch(/^wrk: warning: skipped: \S+WRK-1\.md belongs to another user \(uid 0\)/)
    const none = await runAs(queue, USER, 'next --claim')
    expect(none.code).toBe(1)
    expect(none.stderr).toContain('belongs to another user')

    const doctor = await runAs(queue, USER, 'doctor --json')
    expect([doctor.code, doctor.json.findings]).toMatchObject([
      1,
      [{ code: 'not-writable', severity: 'warning', item: 'WRK-1' }],
    ])
    expect((await queue.run('doctor')).code).toBe(0)
  })
})

describe.runIf(canBecomeOthers)('what root makes in another user’s queue', () => {
  const owners = (queue: Queue) =>
    everything(queue.root).flatMap(path => {
      const { uid, gid } = lstatSync(path)
      return uid === USER && gid === USER ? [] : [`${path} ${uid}:${gid}`]
    })

  test('belongs to that user, folders and files, and the user works on', async () => {
    const queue = queueOf(USER, ['WRK-1', 'WRK-2', 'WRK-3'])
    for (const command of [
      'claim WRK-1',
      'done WRK-1',
      'new more',
      'archive WRK-2',
      'next',
      'execute WRK-3 --provider x',
    ])
      await queue.run(command)
    expect(queue.events().map(({ type }) => type)).toEqual(expect.arrayContaining(['finished', 'archived']))
    expect(queue.exists('pending/WRK-004.md')).toBe(true)
    expect(owners(queue)).toEqual([])
    for (const command of ['start WRK-3', 'done WRK-3', 'archive WRK-3', 'new again', 'doctor'])
      expect([command, (await runAs(queue, USER, command)).code]).toEqual([command, 0])
  })

  test('is given to nobody by a link that is in place of a file or folder', async () => {
    const queue = queueOf(USER, ['WRK-1'])
    await runAs(queue, USER, 'claim WRK-1')
    const secret = join(queue.home, 'secret')
    writeFileSync(secret, '')
    rmSync(queue.path('.wrk/events.jsonl'))
    linkSync(secret, queue.path('.wrk/events.jsonl'))
    await queue.run('claim WRK-1')
    expect(lstatSync(secret).uid).toBe(0)
  })

  test('before, and is a folder that the user may not write to: doctor reports it', async () => {
    const queue = queueOf(USER, ['WRK-1'])
    expect((await runAs(queue, USER, 'claim WRK-1')).code).toBe(0)
    mkdirSync(queue.path('.wrk/moves'))
    chownSync(queue.path('session-state.yaml'), 0, 0)
    const { code, json } = await runAs(queue, USER, 'doctor --json')
    expect([code, json.findings]).toMatchObject([
      1,
      [
        { code: 'not-writable', severity: 'error', path: queue.path('session-state.yaml') },
        { code: 'not-writable', severity: 'error', path: queue.path('.wrk/moves') },
      ],
    ])
  })
})
