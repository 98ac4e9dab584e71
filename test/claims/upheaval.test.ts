/**
 * What changes under a command while it runs or between two: `.wrk` that somebody deletes, clocks that jump by
 * hours, sessions in another pid namespace.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOUR, stampOf } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM, required } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { anchorOf, registry } from '../support/sessions.ts'
import { copyOf } from '../support/system-calls.ts'

// --- .wrk is deleted ---------------------------------------------------------------------------------------

/** Loaded before the command: deletes `.wrk` just before its nth call that has to do with the queue by path, or writes to it. */
const DELETING = `const fs = require('node:fs')
const { DELETE_AT, DELETE_ROOT, DELETE_COUNT } = process.env
const ours = new Set()
let calls = 0
let busy = false
for (const name of ['openSync', 'mkdirSync', 'renameSync', 'unlinkSync', 'rmdirSync', 'readdirSync', 'lstatSync', 'writeSync']) {
  const real = fs[name]
  fs[name] = (first, ...rest) => {
    const inQueue = typeof first === 'number' ? ours.has(first) : String(first).startsWith(DELETE_ROOT)
    if (busy || !inQueue) return real(first, ...rest)
    if (++calls === Number(DELETE_AT)) {
      busy = true
      fs.rmSync(DELETE_ROOT + '/.wrk', { recursive: true, force: true })
      busy = false
    }
    const result = real(first, ...rest)
    if (name === 'openSync') ours.add(result)
    return result
  }
}
process.on('exit', () => DELETE_COUNT && fs.writeFileSync(DELETE_COUNT, String(calls)))
`

function deleting(queue: Queue, at: number) {
  const script = join(queue.home, 'deleting.cjs')
  writeFileSync(script, DELETING)
  const count = join(queue.home, 'count')
  return { ...required(script), DELETE_AT: String(at), DELETE_ROOT: queue.root, DELETE_COUNT: count }
}

describe('.wrk that is deleted before any call of a command', () => {
  test.each<[command: string, before: string | null]>([
    ['claim WRK-1', null],
    ['release WRK-1', 'claim WRK-1'],
    ['archive WRK-1', 'claim WRK-1'],
  ])('%s: it succeeds, or says in a sentence why not and changes nothing', async (command, before) => {
    const template = makeQueue(['WRK-1', 'WRK-9'])
    await template.run('claim WRK-9')
    if (before) await template.run(before)
    const trial = copyOf(template)
    expect((await trial.run(command, { env: deleting(trial, 0) })).code).toBe(0)
    const steps = Number(readFileSync(join(trial.home, 'count'), 'utf8'))
    expect(steps).toBeGreaterThan(30)
    const codes = new Set<number | null>()
    const failures: string[] = []
    const at = async (step: number) => {
      const queue = copyOf(template)
      const text = queue.read('WRK-1')
      const result = await queue.run(`${command} --json`, { env: deleting(queue, step) })
      codes.add(result.code)
      expect([0, 74, 75]).toContain(result.code)
      expect(result.stderr + result.stdout).not.toMatch(/\n\s+at |the system says|\.cjs:/)
      const place = queue.exists('WRK-1') ? 'WRK-1' : archivePlace(queue)
      const changed = queue.read(place) !== text
      expect(changed).toBe(result.code === 0)
      // Whatever it came to, others go on.
      const next = await queue.run('claim WRK-1', { session: 'other' })
      const held = queue.lock(place).by === 'tester'
      expect(next.code).toBe(held ? 4 : command.startsWith('archive') && changed ? 5 : 0)
      expect((await queue.run('claim WRK-9', { session: 'latecomer' })).code).toBe(4)
      expect(queue.leftovers()).toEqual([])
      const seqs = queue.events().map(({ seq }) => seq)
      expect(seqs).toEqual(seqs.map((_, i) => i + 1))
    }
    const left = Array.from({ length: steps }, (_, i) => i + 1)
    const worker = async () => {
      for (let step = left.shift(); step; step = left.shift())
        await at(step).catch(error => failures.push(`before call ${step} of ${steps}: ${error.message}`))
    }
    await Promise.all([worker(), worker()])
    expect(failures).toEqual([])
    console.info(`${command}: .wrk deleted before each of ${steps} calls; exit codes ${[...codes].sort()}`)
    expect(codes).toContain(0)
  })
})

const archivePlace = (queue: Queue): string => {
  const { stdout } = spawnSync('find', [join(queue.root, 'archive'), '-name', 'WRK-1.md'], {
    encoding: 'utf8',
  })
  return stdout.trim().slice(queue.root.length + 1)
}

// --- clocks that jump --------------------------------------------------------------------------------------

describe('a clock that jumps by hours', () => {
  const jumps = [9, -9, 30, -30, 0]

  test.each(jumps)('(%d h) does not take an item from its holder’s own hands', async hours => {
    const queue = makeQueue(['WRK-1'])
    const env = { WRK_NOW: stampOf(new Date(Date.now() + hours * HOUR)) }
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    expect((await queue.run('heartbeat', { env })).code).toBe(0)
    const renewed = await queue.run('claim WRK-1 --json', { env })
    expect([renewed.code, renewed.json.kind]).toEqual([0, 'renewed'])
    expect(queue.lock('WRK-1')).toEqual({ by: 'tester', at: env.WRK_NOW })
    // And back again.
    expect((await queue.run('heartbeat')).code).toBe(0)
    expect((await queue.run('release WRK-1', { env })).code).toBe(0)
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
    const events = queue.events()
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
    expect(queue.leftovers()).toEqual([])
  })

  test.each([-9, -30])('(%d h) back keeps others out, and says until when', async hours => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    const env = { WRK_NOW: `${hours}h` }
    const refused = await queue.run('claim WRK-1 --json', { session: 'other', env })
    expect([refused.code, refused.json.error?.code]).toEqual([4, 'LOCKED'])
    expect(refused.json.holder.expires_at).toMatch(/Z$/)
    expect(queue.lock('WRK-1').by).toBe('tester')
  })

  test('that went forward for one claim alone makes no lock that lasts for ever', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = { WRK_NOW: '+30h' }
    expect((await queue.run('claim WRK-1', { session: 'ahead', env })).code).toBe(0)
    expect((await queue.run('claim WRK-1')).code).toBe(4)
    // By a right clock, three hours on, the file was last written three hours ago.
    const later = await queue.run('claim WRK-1 --json', { env: { WRK_NOW: '+3h' } })
    expect([later.code, later.json.kind]).toEqual([0, 'takenOver'])
    const lost = await queue.run('heartbeat', { session: 'ahead' })
    expect([lost.code, lost.stderr]).toEqual([4, expect.stringContaining('tester')])
  })

  test('does not make a session of which the process runs a dead one', async () => {
    const queue = makeQueue(['WRK-1'])
    queue.write('wrk.yaml', 'takeover: dead-only\n')
    queue.write('session-state.yaml', registry([{ id: 'lives', anchor: anchorOf(), started_at: new Date() }]))
    expect((await queue.run('claim WRK-1', { session: 'lives' })).code).toBe(0)
    for (const WRK_NOW of ['+30h', '-30h', '+9h']) {
      const { code, json } = await queue.run('claim WRK-1 --json', { env: { WRK_NOW } })
      expect([WRK_NOW, code, json.holder?.liveness]).toEqual([WRK_NOW, 4, 'alive'])
    }
  })
})

// --- another pid namespace ---------------------------------------------------------------------------------

const namespaces = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { encoding: 'utf8' })

describe.runIf(namespaces.status === 0)('in another pid namespace', () => {
  const inside = (queue: Queue, script: string) =>
    finished(
      start('unshare', ['--pid', '--fork', '--mount-proc', '/bin/bash', '-c', script], {
        cwd: queue.home,
        env: cleanEnv(queue.home, { WRK_QUEUE: queue.root }),
      }),
    )

  test('a session is unknown from outside, even when its process has ended: its item stays its own', async () => {
    const queue = makeQueue(['WRK-1'])
    const { PATH = '' } = cleanEnv(queue.home)
    symlinkSync('/bin/bash', join(PATH.split(':')[0]!, 'claude'))
    // Run by what looks like an agent, to which the session is then anchored.
    const claimed = await inside(queue, `claude -c 'wrk claim WRK-1 --json; true'; true`)
    expect([claimed.code, claimed.stderr]).toEqual([0, ''])
    const { id } = claimed.json.session
    expect(queue.session(id).anchor.pid).toBeLessThan(20)
    const { code, json } = await queue.run('claim WRK-1 --json')
    expect([code, json.holder?.session_id, json.holder?.liveness]).toEqual([4, id, 'unknown'])
    expect(json.holder.reason).toMatch(/namespace/)
    const later = await queue.run('claim WRK-1 --json', { env: { WRK_NOW: '+3h' } })
    expect([later.code, later.json.kind]).toEqual([0, 'takenOver'])
  })

  test('claims and those outside exclude each other, pids that are the same notwithstanding', async () => {
    for (let round = 0; round < 3; round++) {
      const queue = makeQueue(['WRK-1'])
      const claim = `${[PROGRAM, ...FIRST].map(word => `'${word}'`).join(' ')} claim WRK-1`
      const there = Array.from({ length: 4 }, (_, i) => inside(queue, `WRK_SESSION_ID=in-${i} ${claim}`))
      const here = Array.from({ length: 4 }, (_, i) => queue.run('claim WRK-1', { session: `out-${i}` }))
      const codes = (await Promise.all([...there, ...here])).map(({ code }) => code)
      expect(codes.sort()).toEqual([0, 4, 4, 4, 4, 4, 4, 4])
      expect(queue.leftovers()).toEqual([])
      const events = queue.events()
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
      expect(events.filter(({ type }) => type === 'granted')).toHaveLength(1)
    }
  })
})
