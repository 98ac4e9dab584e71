/** The table of transitions: which verb takes an item where, from every status. */
import { describe, expect, test } from 'vitest'
import type { Lock } from '../../../src/core/claims/lock.ts'
import { decideTransition, TRANSITIONS, type Verb } from '../../../src/core/items/transition.ts'

const LOCK: Lock = { by: 'somebody', at: new Date('2026-02-16T19:30:05Z') }
const VERBS = Object.keys(TRANSITIONS) as Verb[]
const FOLDERS: Record<string, string> = {
  pending: 'pending',
  working: 'working',
  blocked: 'blocked',
  done: 'done',
}

const decide = (verb: Verb, status: string | null, folder: string, lock: Lock | null = null) =>
  decideTransition(verb, { status, folder, lock })

/** What each verb does to a free item: the status it gets, `=` for one that it has, or the verb that comes first. */
const TABLE: Record<string, Record<Verb, string>> = {
  pending: {
    start: 'working',
    block: 'blocked',
    unblock: '=',
    done: 'done',
    cancel: 'cancelled',
    reopen: '=',
  },
  parked: {
    start: 'working',
    block: 'blocked',
    unblock: 'pending',
    done: 'done',
    cancel: 'cancelled',
    reopen: 'no',
  },
  invented: {
    start: 'working',
    block: 'blocked',
    unblock: 'pending',
    done: 'done',
    cancel: 'cancelled',
    reopen: 'no',
  },
  working: {
    start: 'working',
    block: 'blocked',
    unblock: 'no',
    done: 'done',
    cancel: 'cancelled',
    reopen: 'no',
  },
  coordinating: {
    start: 'working',
    block: 'blocked',
    unblock: 'no',
    done: 'done',
    cancel: 'cancelled',
    reopen: 'no',
  },
  In_Progress: {
    start: 'working',
    block: 'blocked',
    unblock: 'no',
    done: 'done',
    cancel: 'cancelled',
    reopen: 'no',
  },
  blocked: {
    start: 'no, unblock',
    block: '=',
    unblock: 'pending',
    done: 'done',
    cancel: 'cancelled',
    reopen: 'no',
  },
  done: {
    start: 'no, reopen',
    block: 'no, reopen',
    unblock: 'no, reopen',
    done: '=',
    cancel: 'no, reopen',
    reopen: 'pending',
  },
  superseded: {
    start: 'no, reopen',
    block: 'no, reopen',
    unblock: 'no, reopen',
    done: '=',
    cancel: 'no, reopen',
    reopen: 'pending',
  },
  canceled: {
    start: 'no, reopen',
    block: 'no, reopen',
    unblock: 'no, reopen',
    done: '=',
    cancel: '=',
    reopen: 'pending',
  },
  archived: {
    start: 'no, reopen',
    block: 'no, reopen',
    unblock: 'no, reopen',
    done: '=',
    cancel: 'no, reopen',
    reopen: 'pending',
  },
}

function answer(decision: ReturnType<typeof decideTransition>): string {
  if (decision.kind === 'change') return decision.to
  if (decision.kind === 'already') return '='
  return decision.kind === 'no' ? ['no', decision.instead].filter(Boolean).join(', ') : decision.kind
}

describe.each(Object.entries(TABLE))('a free item that is %s', (status, wanted) => {
  test.each(VERBS)('%s', verb => {
    // The status is the truth, wherever the item is.
    for (const folder of ['pending', 'working', 'blocked', 'done', 'archive/2026-02', ''])
      expect(answer(decide(verb, status, folder))).toBe(wanted[verb])
  })
})

test('an item without a status is what its folder says', () => {
  for (const [word, folder] of Object.entries(FOLDERS))
    for (const verb of VERBS) {
      const [bare, named] = [decide(verb, null, folder), decide(verb, word, folder)]
      // It has no word yet that could say so already, unless it is closed.
      if (named.kind === 'already' && word !== 'done') expect(answer(bare)).toMatch(/pending|blocked|no/)
      else expect(bare).toEqual(named)
    }
  expect(answer(decide('start', null, 'archive/2026-01'))).toBe('no, reopen')
  expect(answer(decide('start', null, ''))).toBe('working')
})

describe('an item that is held', () => {
  test('is freed by what does not hold it, also when its status stays', () => {
    expect(answer(decide('block', 'blocked', 'blocked', LOCK))).toBe('blocked')
    expect(answer(decide('done', 'done', 'done', LOCK))).toBe('free')
    expect(answer(decide('done', 'superseded', 'pending', LOCK))).toBe('free')
  })

  test('stays held when there is nothing to unblock or reopen', () => {
    expect(answer(decide('unblock', 'pending', 'pending', LOCK))).toBe('=')
    expect(answer(decide('reopen', 'pending', 'pending', LOCK))).toBe('=')
  })

  test('is started again, which renews its lock', () => {
    expect(answer(decide('start', 'working', 'working', LOCK))).toBe('working')
  })
})

test('nothing that is closed opens but by reopen, and every change leads to where the table says', () => {
  for (const status of ['done', 'completed', 'merged', 'cancelled', 'archived', 'Wont-Fix'])
    for (const verb of VERBS)
      for (const lock of [null, LOCK]) {
        const decision = decide(verb, status, 'working', lock)
        if (verb === 'reopen') expect(decision).toEqual({ kind: 'change', to: 'pending' })
        else expect(decision.kind).not.toBe('change')
      }
  for (const status of Object.keys(TABLE))
    for (const verb of VERBS) {
      const decision = decide(verb, status, 'pending')
      if (decision.kind === 'change') expect(decision.to).toBe(TRANSITIONS[verb].to)
    }
})
