/** Queues that more than one account works on, and whose the files are that wrk makes. Needs root and setpriv. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  cleanEnv,
  FIRST,
  finished,
  makeQueue,
  PROGRAM,
  type Queue,
  type Result,
  start,
  words,
} from './helpers.ts'

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
  test('is passed over by next --claim, with a warning, and told by doctor', async () => {
    const queue = queueOf(USER, ['WRK-1', 'WRK-2'])
    chownSync(queue.path('WRK-1'), 0, 0)
    const next = await runAs(queue, USER, 'next --claim --json')
    expect([next.code, next.json.item?.id]).toEqual([0, 'WRK-2'])
    expect(next.stderr).toMatch(/^wrk: warning: passed over: \S+WRK-1\.md belongs to another user \(uid 0\)/)
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
