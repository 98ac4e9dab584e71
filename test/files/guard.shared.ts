/** Commands that are killed at a step of their work. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { loading } from '../support/run.ts'

/** Loaded before the command: kills the process just before its nth call that changes something in the queue. */
const CRASH = `const fs = require('node:fs')
const { CRASH_AT, CRASH_ROOT, CRASH_COUNT } = process.env
const ours = new Set()
let calls = 0
const inQueue = value => (typeof value === 'number' ? ours.has(value) : String(value).startsWith(CRASH_ROOT))
for (const name of ['openSync', 'mkdirSync', 'renameSync', 'unlinkSync', 'rmdirSync', 'linkSync', 'writeSync', 'fsyncSync', 'fchmodSync', 'closeSync']) {
  const real = fs[name]
  fs[name] = (first, ...rest) => {
    if (!inQueue(first)) return real(first, ...rest)
    if (++calls === Number(CRASH_AT)) process.kill(process.pid, 'SIGKILL')
    const result = real(first, ...rest)
    if (name === 'openSync') ours.add(result)
    return result
  }
}
process.on('exit', () => CRASH_COUNT && fs.writeFileSync(CRASH_COUNT, String(calls)))
`

export function crashing(queue: Queue, at: number, more = {}) {
  return { ...loading(queue, CRASH), CRASH_AT: String(at), CRASH_ROOT: queue.root, ...more }
}

/** Who holds the item: its record says so. */
export const isHeldBy = (queue: Queue, session: string): boolean => {
  const { state, holder } = queue.record('WRK-1') ?? {}
  return state === 'held' && holder === session
}

/** Checks that the item, its record, the log and `.wrk` are whole, and that file and record say the same. */
export async function expectHealed(queue: Queue, before: string, types: string[]): Promise<void> {
  const { by, at } = queue.lock('WRK-1')
  expect(queue.record('WRK-1')).toMatchObject({ state: 'held', holder: by, locked_at: at })
  expect(queue.read('WRK-1')).toBe(
    before
      .replace(/^locked_by: .*$/m, `locked_by: "${by}"`)
      .replace(/^locked_at: .*$/m, `locked_at: "${at}"`),
  )
  const events = queue.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  expect(events.filter(event => event.item === 'WRK-1').map(({ type }) => type)).toEqual(types)
  await queue.run('heartbeat')
  expect(queue.leftovers()).toEqual([])
}

/** Every step, or every few of them, two at a time; shows at which it went wrong, and how. */
export async function failuresAt(
  steps: number,
  crashAt: (step: number) => Promise<void>,
  each = 1,
): Promise<string[]> {
  const failures: string[] = []
  const at = (step: number) =>
    crashAt(step).catch(error => failures.push(`step ${step} of ${steps}: ${error.message}`))
  for (let step = 1; step <= steps; step += 2 * each)
    await Promise.all([at(step), step + each <= steps && at(step + each)])
  return failures
}

/**
 * Kills a claim at each of its steps, or every few of them. The record is published first: the file is the old one, or
 * the new one and then the record says so too. The same claim again finds what the record says, and the file shows it.
 */
export async function expectClaimSurvivesKills(each: number): Promise<void> {
  const trial = makeQueue(['WRK-1'])
  const counted = join(trial.home, 'count')
  await trial.run('claim WRK-1', { session: 'me', env: crashing(trial, 0, { CRASH_COUNT: counted }) })
  const steps = Number(readFileSync(counted, 'utf8'))
  expect(steps).toBeGreaterThan(20)
  const before = item('WRK-1')
  const crashAt = async (step: number) => {
    const queue = makeQueue(['WRK-1'])
    const crashed = await queue.run('claim WRK-1', { session: 'me', env: crashing(queue, step) })
    expect(crashed.code, `step ${step}`).toBeNull()
    const held = isHeldBy(queue, 'me')
    expect(held ? ['', 'me'] : [''], `step ${step}`).toContain(queue.lock('WRK-1').by)
    const next = await queue.run('claim WRK-1 --json', { session: 'me' })
    expect([step, next.code, next.stderr, next.json.kind]).toEqual([
      step,
      0,
      '',
      held ? 'renewed' : 'granted',
    ])
    await expectHealed(queue, before, held ? ['granted', 'renewed'] : ['granted'])
  }
  expect(await failuresAt(steps, crashAt, each)).toEqual([])
}

/** Lines of an event log of at least so many bytes. */
export function filled(bytes: number, from = 1): string[] {
  const lines: string[] = []
  for (let size = 0, seq = from; size < bytes; seq++) {
    const event = {
      seq,
      time: '2026-02-16T19:30:05Z',
      type: 'renewed',
      item: 'WRK-9',
      session: 'x',
      previous_holder: null,
    }
    const line = `${JSON.stringify({ ...event, reason: 'r'.repeat(200), forced: false, tx: `tx${seq}` })}\n`
    size += line.length
    lines.push(line)
  }
  return lines
}
