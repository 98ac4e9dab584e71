/** The rest of upheaval.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { copyOf } from '../support/faults/system-calls.ts'
import { FIRST, PROGRAM, required } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { inside, namespaces } from './upheaval.shared.ts'

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
      expect(result.stderr + result.stdout).not.toMatch(/\n\s+at |system error|\.cjs:/)
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

describe.runIf(namespaces.status === 0)('in another pid namespace', () => {
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
