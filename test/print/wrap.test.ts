/** Text for a terminal of any width: answers and help wrap at words, and what goes elsewhere is not touched. */
import { describe, expect, test } from 'vitest'
import { wrapHelp } from '../../src/help.ts'
import { fitted } from '../../src/print/wrap.ts'

const TERMINAL = { width: 40, colour: false, isTerminal: true }
const ANSWER = `claude-devbox-k3x9f2  unknown: no process known; only its heartbeat counts
  WRK-1  Import the tide tables of the north pier (since 2h ago)
WRK-2  fits
`

describe('an answer', () => {
  test('on a terminal wraps at words, below its own beginning', () => {
    expect(fitted(ANSWER, TERMINAL).split('\n')).toEqual([
      'claude-devbox-k3x9f2  unknown: no',
      '  process known; only its heartbeat',
      '  counts',
      '  WRK-1  Import the tide tables of the',
      '    north pier (since 2h ago)',
      'WRK-2  fits',
      '',
    ])
  })

  test('that is piped is not touched', () => {
    expect(fitted(ANSWER, { ...TERMINAL, isTerminal: false })).toBe(ANSWER)
    expect(fitted(ANSWER, { ...TERMINAL, width: Number.POSITIVE_INFINITY })).toBe(ANSWER)
  })

  test('wraps the same with colours', () => {
    const line = 'WRK-1 held by claude-devbox-k3x9f2 (you)'
    expect(line).toHaveLength(40)
    const painted = line.replace('WRK-1', '\x1b[1mWRK-1\x1b[22m')
    expect(fitted(painted, TERMINAL)).toBe(painted)
    expect(fitted(`${painted} since 2h`, TERMINAL)).toBe(`${painted}\n  since 2h`)
  })

  test('keeps a word that is longer than a line whole, so that a path can be copied', () => {
    const path = `/home/me/${'folder/'.repeat(8)}WRK-1.md`
    expect(fitted(`Wrote ${path}\n`, TERMINAL)).toBe(`Wrote\n  ${path}\n`)
  })
})

describe('help', () => {
  test('joins and wraps its paragraphs to the width', () => {
    const text =
      'Exit code 0: it is yours;\n1: no such item; 2: usage, or no session.\n\nOptions:\n  --json  one'
    expect(wrapHelp(text, 40).split('\n')).toEqual([
      'Exit code 0: it is yours; 1: no such',
      'item; 2: usage, or no session.',
      '',
      'Options:',
      '  --json  one',
    ])
  })

  test('wraps what an example is for in its column, or below where there is too little room', () => {
    const example = '  wrk claim WRK-157 --agent helper-2   one of several helpers within a session'
    expect(wrapHelp(example, 70).split('\n')).toEqual([
      '  wrk claim WRK-157 --agent helper-2   one of several helpers within a',
      '                                       session',
    ])
    expect(wrapHelp(example, 40).split('\n')).toEqual([
      '  wrk claim WRK-157 --agent helper-2',
      '      one of several helpers within a',
      '      session',
    ])
  })

  test('leaves a long command on its line', () => {
    const command = '  wrk execute WRK-157 --provider claude -- npm test'
    expect(wrapHelp(command, 40)).toBe(command)
  })
})
