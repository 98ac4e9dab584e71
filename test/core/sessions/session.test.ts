/** Ids of sessions and helpers, who belongs to whom, and the host that a generated id names. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  AGENTS,
  belongsTo,
  checkHelperName,
  checkSessionId,
  generatedId,
  holderName,
  hostLabel,
  hostNamedBy,
  isSessionId,
  listedSession,
  type Registry,
  type Session,
  sessionOf,
} from '../../../src/core/sessions/session.ts'

const session = (id: string): Session => ({
  id,
  agent: null,
  anchors: [],
  startedAt: null,
  heartbeatAt: null,
  activeWrk: null,
  claims: [],
  endedAt: null,
})

const OTHER_KINDS: Registry[] = [
  { kind: 'missing' },
  { kind: 'unreadable', message: '', line: 1, column: 1 },
  { kind: 'single', sessionId: 'nightly', agent: null, updatedAt: null },
]

const usage = (message: string) =>
  expect.objectContaining({
    code: 'USAGE',
    message: expect.stringContaining(message),
    hint: expect.stringMatching(/\d/),
  })

describe('a session id', () => {
  test.each(['a', 'nightly-7', 'me@host:1', 'a/b', 'a.b_c#d+e', '7', 'x'.repeat(128)])('may be %s', id => {
    expect(checkSessionId(id, '--session')).toBe(id)
  })

  test.each(['', ' ', 'a b', 'a\n', '\na', 'é', 'a"b', "a'b", 'a\\b', 'a,b', '$x', 'x'.repeat(129)])(
    'may not be %j',
    id => {
      expect(isSessionId(id)).toBe(false)
      expect(() => checkSessionId(id, 'WRK_SESSION_ID')).toThrow(usage('WRK_SESSION_ID'))
    },
  )

  test('is shown without control characters when it is not valid', () => {
    expect(() => checkSessionId('a\x1b[31m', '--session')).toThrow(usage('"a?[31m"'))
  })
})

describe('a helper’s name', () => {
  test.each(['a', 'tests', 'a.b_c#d+e@f:1', 'x'.repeat(64)])('may be %s', name => {
    expect(() => checkHelperName(name)).not.toThrow()
    expect(holderName('me', name)).toBe(`me/${name}`)
  })

  test.each(['', 'a/b', 'a b', '/a', 'a\n', '\na', 'x'.repeat(65)])('may not be %j', name => {
    expect(() => checkHelperName(name)).toThrow(usage('--agent'))
  })

  test('makes no holder that is longer than a session id may be', () => {
    expect(holderName('me', undefined)).toBe('me')
    expect(holderName('x'.repeat(126), 'a')).toHaveLength(128)
    expect(() => holderName('x'.repeat(127), 'a')).toThrow(usage('the session with its helper'))
  })
})

describe('a holder belongs to', () => {
  const registry: Registry = {
    kind: 'registry',
    sessions: ['me', 'a/b', 'a'].map(session),
    rebuiltAt: null,
    current: null,
  }

  test.each([
    ['me', 'me'],
    ['me/helper', 'me'],
    ['me/helper/deeper', 'me'],
    ['a/b', 'a/b'],
    ['a/b/c', 'a/b'],
    ['a/c', 'a'],
    ['men', undefined],
    ['m', undefined],
    ['', undefined],
    ['/me', undefined],
    ['x/me', undefined],
  ])('the nearest listed session: %j to %j', (holder, id) => {
    expect(sessionOf(holder, registry)?.id).toBe(id)
  })

  test('none, where the file lists none', () => {
    for (const other of OTHER_KINDS) {
      expect(sessionOf('nightly', other)).toBeUndefined()
      expect(listedSession(other, 'nightly')).toBeUndefined()
    }
  })

  test('a session by its name, and not by the beginning of one', () => {
    expect(belongsTo('me', 'me')).toBe(true)
    expect(belongsTo('me/helper', 'me')).toBe(true)
    expect(belongsTo('men', 'me')).toBe(false)
    expect(belongsTo('me', 'me/helper')).toBe(false)
    expect(belongsTo('x/me', 'me')).toBe(false)
  })

  test('a listed session is found by its whole id alone', () => {
    expect(listedSession(registry, 'me')?.id).toBe('me')
    expect(listedSession(registry, 'me/helper')).toBeUndefined()
  })
})

describe('a generated id', () => {
  const label = fc.stringMatching(/^[a-z0-9-]{1,40}$/)
  const random = fc.stringMatching(/^[0-9a-z]{6}$/)

  test('is a session id and names its host, for whatever agent and host, with a helper or without', () => {
    fc.assert(
      fc.property(fc.constantFrom(...AGENTS, null), label, random, (agent, host, letters) => {
        const id = generatedId(agent, host, letters)
        expect(isSessionId(id)).toBe(true)
        expect(id.startsWith(`${agent ?? 'terminal'}-`)).toBe(true)
        expect(hostNamedBy(id)).toBe(host)
        expect(hostNamedBy(`${id}/helper`)).toBe(host)
      }),
    )
  })

  test.each([
    'nightly',
    'nightly-7',
    'nightly-devbox-k3x9f2',
    'claude-k3x9f2',
    'claude-devbox-k3x9f',
    'claude-devbox-k3x9f22',
    'claude-devbox-K3X9F2',
    'claude-devbox-k3x9f2x/k3x9f2',
    '-devbox-k3x9f2',
    'x/claude-devbox-k3x9f2',
    '',
  ])('is not %j, which names no host', id => {
    expect(hostNamedBy(id)).toBeNull()
  })
})

describe('the label of a host', () => {
  test.each([
    ['devbox', 'devbox'],
    ['DevBox.example.com', 'devbox'],
    ['my_box 2', 'my-box-2'],
    ['', 'localhost'],
    ['.local', 'localhost'],
    ['x'.repeat(50), 'x'.repeat(40)],
  ])('%j is %s', (name, answer) => {
    expect(hostLabel(name)).toBe(answer)
  })

  test('is always fit for an id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name => {
        expect(hostLabel(name)).toMatch(/^[a-z0-9-]{1,40}$/)
      }),
    )
  })
})
