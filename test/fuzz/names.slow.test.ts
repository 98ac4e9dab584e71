/** Ids of items and sessions, names of files, times and lengths of time, as anything at all may be given for them. */
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WrkError } from '../../src/core/errors.ts'
import {
  displayOfFileName,
  type ItemKey,
  isIdOf,
  keyOfField,
  keyOfFileName,
  keysIn,
  parseId,
} from '../../src/core/items/ids.ts'
import { checkLockName, checkRunId } from '../../src/core/locks/session-lock.ts'
import { identify } from '../../src/core/sessions/identity.ts'
import {
  AGENTS,
  belongsTo,
  generatedId,
  holderName,
  hostLabel,
  hostNamedBy,
  isSessionId,
} from '../../src/core/sessions/session.ts'
import { CONTROL, printable } from '../../src/core/text.ts'
import { humanDuration, parseDuration, parseInstant, stamp } from '../../src/core/time.ts'
import { mutatedBytes } from './bytes.ts'
import { campaign, NO_TIMEOUT, scaled } from './campaign.ts'

/** These after accidents, and plain nonsense. */
function texts(...like: string[]): fc.Arbitrary<string> {
  const changed = mutatedBytes(like.map(one => Buffer.from(one))).map(bytes => bytes.toString('utf8'))
  return fc.oneof(
    { weight: 8, arbitrary: changed },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    {
      weight: 1,
      arbitrary: fc.tuple(changed, fc.integer({ min: 2, max: 400 })).map(([one, n]) => one.repeat(n)),
    },
  )
}

/** What it gives; null where it is refused as wrong usage. @throws any other error */
function unlessRefused<T>(work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof WrkError && error.code === 'USAGE') return null
    throw error
  }
}

function expectSafe(key: ItemKey): void {
  expect(key).toMatch(/^[a-z][a-z0-9_.-]*-[0-9]{1,9}(\.[0-9]{1,9})*$/)
  expect(dirname(join('/queue/pending', `${key}.md`))).toBe('/queue/pending')
}

const enough = scaled(3000)

test(
  'ids and file names',
  () =>
    campaign(
      {
        name: 'ids and file names',
        cases: texts(
          'WRK-157',
          '157',
          'workspace-hub#1311',
          'WRK-139-tide-table.md',
          'a.b-c_d-0007.md',
          'see WRK-1, fix-WRK-2.',
        ),
        isDone: cases => cases >= enough,
      },
      text => {
        const id = unlessRefused(() => parseId(text, 'WRK'))
        if (id) {
          expectSafe(id.key)
          for (const same of [id.key, id.display, `${id.display}.md`])
            expect(parseId(same, 'WRK').key).toBe(id.key)
          expect(keyOfFileName(`${id.key}.md`)).toBe(id.key)
          expect(isIdOf(id.key, id.display, 'WRK')).toBe(true)
        }
        const named = keyOfFileName(text)
        if (named) {
          expectSafe(named)
          expect(keyOfField(displayOfFileName(text), 'WRK')).toBe(named)
        }
        const field = keyOfField(text, 'WRK')
        if (field) expectSafe(field)
        for (const { at, readings } of keysIn(text)) {
          expect(at).toBeLessThan(text.length)
          for (const key of readings) expectSafe(key)
        }
        const shown = printable(text)
        expect(shown.match(CONTROL)).toBeNull()
        expect(shown.length).toBeLessThanOrEqual(300)
      },
    ),
  NO_TIMEOUT,
)

test(
  'session ids, and names of helpers, hosts, runs and locks',
  () =>
    campaign(
      {
        name: 'session ids, and names of helpers, hosts, runs and locks',
        cases: texts(
          'claude-devbox-k3x9f2',
          'me@host:1/helper',
          'dev-box.example.org',
          'run-20260216T193005Z-k3x9f2',
          'nightly.1',
        ),
        isDone: cases => cases >= enough,
      },
      text => {
        const who = unlessRefused(() =>
          identify({ flag: text, env: {}, registry: { kind: 'missing' }, processes: noProcesses }),
        )
        expect(who !== null).toBe(isSessionId(text))
        const env = { WRK_SESSION_ID: text }
        const answer = unlessRefused(() =>
          identify({ flag: undefined, env, registry: { kind: 'missing' }, processes: noProcesses }),
        )
        if (answer) expect(isSessionId(answer.id!)).toBe(true)
        const holder = unlessRefused(() => holderName('session', text))
        if (holder) expect(isSessionId(holder) && belongsTo(holder, 'session')).toBe(true)
        for (const agent of [null, ...AGENTS]) {
          const id = generatedId(agent, hostLabel(text), 'k3x9f2')
          expect(isSessionId(id)).toBe(true)
          expect(hostNamedBy(id)).toBe(hostLabel(text))
        }
        hostNamedBy(text)
        const lock = unlessRefused(() => checkLockName(text))
        if (lock) expect(dirname(join('/state/ops/locks', `${lock}.lock`))).toBe('/state/ops/locks')
        unlessRefused(() => checkRunId(text))
      },
    ),
  NO_TIMEOUT,
)

const noProcesses = () => ({ ancestors: [], terminal: null })

test(
  'instants and lengths of time',
  () =>
    campaign(
      {
        name: 'instants and lengths of time',
        cases: texts(
          '2026-02-16T19:30:05Z',
          '2026-02-16 19:30:05.123 +01:00',
          '9999-12-31T23:59:59-12:00',
          '0000-01-01',
          '1h30m',
          '5400',
        ),
        isDone: cases => cases >= enough,
      },
      text => {
        const at = parseInstant(text)
        if (at) expect(parseInstant(stamp(at))).toEqual(new Date(Math.floor(at.getTime() / 1000) * 1000))
        const ms = parseDuration(text)
        if (ms !== null) {
          expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true)
          expect(humanDuration(ms)).toMatch(/^\d+[smhd]( \d+[mh])?$/)
        }
      },
    ),
  NO_TIMEOUT,
)
