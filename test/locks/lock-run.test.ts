/** `wrk lock run`: a lock held around a command, whatever happens to either of them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { finished, gone, killProcess, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'
import { dataOf, fileOf, running, STAY, stop } from './lock-run.shared.ts'

const shown = async (queue: Queue): Promise<Json> => (await queue.run('lock show --json')).json

describe('a command under a lock', () => {
  test('finds the lock in its environment, keeps others out, and leaves it free', async () => {
    const queue = makeQueue()
    const { wrk, ended } = await running(queue, `${STAY}; echo $WRK_LOCK_NAME $WRK_RUN_ID $WRK_LOCK_PATH`, [
      'deploy',
      '--purpose=tests',
      '--ttl=90m',
    ])
    const lock = dataOf(queue, 'deploy')
    expect(lock).toMatchObject({
      pid: wrk,
      pid_of: 'run',
      purpose: 'tests',
      ttl_sec: 5400,
      session_id: 'tester',
    })
    const refused = await queue.run('lock claim deploy --json')
    expect(refused.json).toMatchObject({
      error_code: 'locked',
      liveness: 'alive',
      lock: { run_id: lock.run_id },
    })
    const again = await queue.run(`lock run deploy --run-id ${lock.run_id} --json -- touch twice`)
    expect([again.code, again.json.acquired]).toEqual([4, false])
    expect((await queue.run(`lock renew deploy --run-id ${lock.run_id}`)).code).toBe(0)
    expect(dataOf(queue, 'deploy')).toMatchObject({ pid: wrk, pid_of: 'run' })
    stop(queue)
    const { code, stdout, stderr } = await ended
    expect([code, stdout, stderr]).toEqual([0, `deploy ${lock.run_id} ${fileOf(queue, 'deploy')}\n`, ''])
    expect(existsSync(join(queue.home, 'twice'))).toBe(false)
    expect((await queue.run('lock show deploy --json')).json.lock).toBeNull()
    expect(queue.leftovers()).toEqual([])
    expect(queue.events().map(({ type, item }) => `${type} ${item}`)).toEqual([
      'granted lock:deploy',
      'released lock:deploy',
    ])
  })

  test.each([
    ['exit 0', 0],
    ['exit 3', 3],
    ['kill -KILL $$', 137],
    ['kill -TERM $$', 143],
  ])('that ends by %s gives exit code %i, and the lock is free', async (script, code) => {
    const queue = makeQueue()
    const result = await queue.run(['lock', 'run', '--', 'sh', '-c', script])
    expect([result.code, result.stderr]).toEqual([code, ''])
    const json = await queue.run(['lock', 'run', '--json', '--', 'sh', '-c', `echo words; ${script}`])
    expect(json.code).toBe(code)
    expect(json.stderr).toBe('words\n')
    expect(json.json).toMatchObject({
      ok: code === 0,
      acquired: true,
      released: true,
      lock: null,
      error_code: code === 0 ? null : 'command_failed',
      exit_code: code < 128 ? code : null,
      signal: code < 128 ? null : `SIG${script.split('-')[1]!.split(' ')[0]}`,
    })
    expect((await shown(queue)).lock).toBeNull()
  })

  test('has its own options to itself', async () => {
    const queue = makeQueue()
    const line = 'lock run -- echo --json --wait WRK-157 --help help -- lock --ttl x'
    const result = await queue.run(line)
    expect([result.code, result.stdout]).toEqual([0, '--json --wait WRK-157 --help help -- lock --ttl x\n'])
    const named = await queue.run('lock run --wait deploy -- sh -c', {})
    expect(named.code).not.toBe(0)
    expect(queue.events().map(({ item }) => item)).toContain('lock:deploy')
  })

  test('that is not there is 127, in a sentence', async () => {
    const queue = makeQueue()
    const result = await queue.run('lock run -- no-such-program --help')
    expect(result.code).toBe(127)
    expect(result.stderr).toContain('"no-such-program" could not be started: there is no such program')
    expect((await shown(queue)).lock).toBeNull()
    for (const args of ['lock run', 'lock run deploy', 'lock run a b -- true', 'lock run --']) {
      const wrong = await queue.run(args)
      expect([args, wrong.code]).toEqual([args, 2])
      expect(wrong.stderr).toContain('wrk lock run')
    }
  })

  test('does not start while another run holds the lock, and waits as long as --wait says', async () => {
    const queue = makeQueue()
    expect((await queue.run('lock claim --run-id first')).code).toBe(0)
    for (const wait of [[], ['--wait', '300ms']]) {
      const refused = await queue.run(['lock', 'run', ...wait, '--', 'touch', 'ran'])
      expect(refused.code).toBe(4)
      expect(refused.stderr).toContain('held by first')
    }
    expect(existsSync(join(queue.home, 'ran'))).toBe(false)
    const waiting = queue.run('lock run --wait 50s -- touch ran')
    await queue.run('lock release --run-id first')
    expect((await waiting).code).toBe(0)
    expect(existsSync(join(queue.home, 'ran'))).toBe(true)
  })
})

describe('while the command runs', () => {
  test('a kill -9 of wrk frees the lock at the next claim', async () => {
    const queue = makeQueue()
    const { wrk, pid, ended } = await running(queue, 'exec sleep 300')
    try {
      killProcess(wrk)
      await gone(wrk)
      expect(await shown(queue)).toMatchObject({ liveness: 'dead', reason: `process ${wrk} is gone` })
      const next = await queue.run('lock run --json -- true')
      expect([next.code, next.json.kind]).toEqual([0, 'takenOver'])
      expect(next.stderr).toContain('its holder is dead')
    } finally {
      killProcess(pid)
      await ended
    }
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s reaches it, and the lock is released',
    async signal => {
      const queue = makeQueue()
      const { wrk, ended } = await running(queue, STAY, [], `trap 'echo caught; exit 9' ${signal.slice(3)}; `)
      process.kill(wrk, signal)
      const { code, stdout } = await ended
      expect([code, stdout]).toEqual([9, 'caught\n'])
      expect((await shown(queue)).lock).toBeNull()
    },
  )

  test('a signal while wrk waits for the lock ends it, and nothing is run', async () => {
    const queue = makeQueue()
    expect((await queue.run('lock claim --run-id first')).code).toBe(0)
    const child = start(PROGRAM, [...FIRST, 'lock', 'run', '--wait', '10m', '--', 'touch', 'ran'], {
      cwd: queue.home,
      env: cleanEnv(queue.home, { WRK_QUEUE: queue.root }),
    })
    const ended = finished(child)
    // Node itself handles SIGTERM and SIGINT from its start, but not SIGHUP.
    await until('wrk waits', () => catches(child.pid!, 1))
    process.kill(child.pid!, 'SIGTERM')
    const { code, stderr } = await ended
    expect(code).toBe(143)
    expect(stderr).toContain('SIGTERM')
    expect(existsSync(join(queue.home, 'ran'))).toBe(false)
    expect(dataOf(queue).run_id).toBe('first')
  })
})

/** Whether a process has a handler for a signal. */
function catches(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${caught}`) & (1n << BigInt(signal - 1))) !== 0n
}

describe.skipIf(!haveTerminals())('in a terminal', () => {
  test('the command has it, and Ctrl-C ends the command and frees the lock', async () => {
    const queue = makeQueue()
    const terminal = await openTerminal(queue)
    const seen = await terminal.run('wrk lock run -- sh -c "test -t 0 && test -t 1 && echo a terminal"')
    expect([seen.code, seen.stdout]).toEqual([0, 'a terminal\n'])
    const claim = await terminal.run('wrk lock claim --json')
    expect(claim.json.lock.pid).toBe(terminal.pid)
    const again = await terminal.run('wrk lock claim')
    expect([again.code, again.stderr.includes('alive')]).toEqual([4, true])
    await terminal.kill()
    expect((await queue.run('lock claim --json')).json.kind).toBe('takenOver')
  })
})
