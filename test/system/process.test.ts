/** What /proc and ps say of processes, whatever these are called. */
import { spawn } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lookAtProcess, parseStat, processFacts } from '../../src/system/processes/process.ts'
import { parsePsLine } from '../../src/system/processes/ps.ts'

const name = fc.oneof(
  fc.string({ maxLength: 15 }),
  fc.constantFrom(
    ') R 1 (',
    'a) Z 0 0 0',
    '((',
    '))',
    'x (y) z',
    ' ',
    '',
    ')\n',
    '1 2 3 4 5',
    'tmux: server',
  ),
)
const pid = fc.integer({ min: 1, max: 4_194_304 })

describe('/proc/PID/stat', () => {
  test('is read rightly whatever the process is called', () => {
    fc.assert(
      fc.property(
        name,
        pid,
        pid,
        pid,
        fc.constantFrom('R', 'S', 'D', 'Z', 'T', 'X'),
        fc.constantFrom(0, 34816, -1),
        fc.nat(),
        (comm, self, ppid, leader, state, tty, started) => {
          // 1 pid, 2 comm, 3 state, 4 ppid, 5 pgrp, 6 session, 7 tty_nr, 8 to 21, 22 starttime, 23 to 52
          const before = [self, `(${comm})`, state, ppid, self, leader, tty, ...Array(14).fill(7)]
          const text = `${[...before, started, ...Array(30).fill(9)].join(' ')}\n`
          expect(parseStat(text)).toEqual({
            pid: self,
            ppid,
            started: `${started}`,
            state,
            leader,
            hasTerminal: tty !== 0,
          })
        },
      ),
    )
  })

  test('that is cut short or nonsense is not read at all', () => {
    const whole = `42 (node) S 1 42 42 0 ${Array(14).fill(7).join(' ')} 81423977`
    expect(parseStat(whole)?.started).toBe('81423977')
    for (const text of ['', '42', '42 (node', '42 (node)', '42 (node) S 1 42', whole.slice(0, -9)])
      expect(parseStat(text)).toBeNull()
    fc.assert(fc.property(fc.string(), text => void parseStat(text)))
  })
})

describe('a line of ps', () => {
  test('is read with the start time as its last column, blanks and all', () => {
    expect(parsePsLine('  501     1 Ss   ttys003  Mon Feb 16 19:30:05 2026    \n')).toEqual({
      pid: 501,
      ppid: 1,
      started: 'Mon Feb 16 19:30:05 2026',
      state: 'S',
      leader: null,
      hasTerminal: true,
    })
    expect(parsePsLine('12 1 Z+ ?? Sun Feb  1 09:03:05 2026')).toMatchObject({
      state: 'Z',
      started: 'Sun Feb 1 09:03:05 2026',
      hasTerminal: false,
    })
    expect(parsePsLine('12 1 S - Sun Feb  1 09:03:05 2026')).toMatchObject({ hasTerminal: false })
  })

  test('that does not exist gives nothing', () => {
    for (const text of ['', '\n', 'PID PPID STAT TTY STARTED', '12 1 S', 'error: no such process'])
      expect(parsePsLine(text)).toBeNull()
    fc.assert(fc.property(fc.string(), text => void parsePsLine(text)))
  })
})

test('a process is running while it runs, and gone or a zombie when it was killed', async () => {
  expect(lookAtProcess(process.pid)).toEqual({
    kind: 'running',
    started: processFacts(process.pid)!.started,
  })
  const child = spawn('sleep', ['60'], { stdio: 'ignore', env: { PATH: process.env.PATH } })
  const ended = new Promise(settle => child.on('exit', settle))
  await new Promise(settle => child.on('spawn', settle))
  expect(lookAtProcess(child.pid!).kind).toBe('running')
  child.kill('SIGKILL')
  await ended
  expect(['gone', 'zombie']).toContain(lookAtProcess(child.pid!).kind)
})
