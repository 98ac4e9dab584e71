/** What the tests of execute have in common. */
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { until } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { heard, note, noteOf } from '../support/notes.ts'
import { makeQueue, type Queue } from '../support/queue.ts'

/** An item that passes every gate. */
export const ready = (id = 'WRK-1', fields: Record<string, string> = {}) =>
  item(id, { plan_approved: 'true', ...fields })

export const readyQueue = (fields: Record<string, string> = {}) =>
  makeQueue({ 'WRK-1': ready('WRK-1', fields) })

export const execute = (...command: string[]) => [
  'execute',
  'WRK-1',
  '--provider',
  'claude',
  '--',
  ...command,
]

/** The item is as it was before, and nobody has left anything. */
export function expectUntouched(queue: Queue, before: string, name = 'WRK-1'): void {
  expect(queue.read(name)).toBe(before)
  expect(queue.leftovers()).toEqual([])
}

/** A command that notes each signal that it gets, and goes on until it is asked to end. */
export const LISTENER = `const { writeFileSync, existsSync, renameSync } = require('node:fs')
const at = name => process.env.HOME + '/' + name
const say = (name, text) => { writeFileSync(at(name + '.tmp'), text); renameSync(at(name + '.tmp'), at(name)) }
const got = []
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'])
  process.on(signal, () => { got.push(signal); say(signal, String(got.filter(one => one === signal).length)) })
say('up', String(process.pid))
setInterval(() => { if (existsSync(at('go'))) { say('got', got.join(' ')); process.exit(7) } }, 20)
`
export const listener = ['node', '-e', LISTENER]

/**
 * Sends wrk a signal that is passed on, and waits until the listener has it: what came to wrk before has been dealt with
 * by then, and wrk lives.
 * @param other a signal that the test itself does not send
 */
export async function passOn(queue: Queue, other: NodeJS.Signals = 'SIGUSR2'): Promise<void> {
  const count = () =>
    existsSync(noteOf(queue, other)) ? Number(readFileSync(noteOf(queue, other), 'utf8')) : 0
  const before = count()
  const wrk = processFacts(Number(await heard(queue, 'up')))!.ppid
  process.kill(wrk, other)
  await until(`${other} is passed on`, () => count() > before)
}

/** Lets the listener end; gives what it got but for `other`. A signal that is sent twice has come twice by then. */
export async function signalsOf(queue: Queue, other: NodeJS.Signals = 'SIGUSR2'): Promise<string> {
  await passOn(queue, other)
  note(queue, 'go')
  const got = (await heard(queue, 'got')).split(' ')
  return got.filter(signal => signal !== other).join(' ')
}
