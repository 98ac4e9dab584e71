/** Lines of the event log: what is an event, and which report a lock. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type EventType,
  type LogEvent,
  newEvent,
  parseEvent,
  takesLock,
} from '../../../src/core/log/event.ts'

const EVENT: LogEvent = {
  ...newEvent('2026-02-16T19:30:05Z', 'granted'),
  item: 'WRK-1',
  session: 'me',
  previous_holder: 'they',
  reason: 'why',
  seq: 7,
  tx: 't1',
}

const without = (key: keyof LogEvent) => {
  const { [key]: _, ...rest } = EVENT
  return JSON.stringify(rest)
}

describe('a line', () => {
  test('is read as it was written', () => {
    expect(parseEvent(JSON.stringify(EVENT))).toEqual(EVENT)
    const bare = { ...newEvent('2026-02-16T19:30:05Z', 'sessionEnded'), seq: 1, tx: '' }
    expect(bare).toMatchObject({
      item: null,
      session: null,
      previous_holder: null,
      reason: null,
      forced: false,
    })
    expect(parseEvent(JSON.stringify(bare))).toEqual(bare)
  })

  test('that is torn anywhere is not an event', () => {
    const line = JSON.stringify(EVENT)
    for (let length = 0; length < line.length; length++) expect(parseEvent(line.slice(0, length))).toBeNull()
  })

  test.each([
    ['a number', '7'],
    ['null', 'null'],
    ['a list', `[${JSON.stringify(EVENT)}]`],
    ['with something before it', ` ${JSON.stringify(EVENT)}`],
    ['without a number', without('seq')],
    ['without a time', without('time')],
    ['without a type', without('type')],
    ['without an item', without('item')],
    ['without a session', without('session')],
    ['without a former holder', without('previous_holder')],
    ['without a reason', without('reason')],
    ['whose number is text', JSON.stringify({ ...EVENT, seq: '7' })],
    ['whose number is a fraction', JSON.stringify({ ...EVENT, seq: 7.5 })],
    ['whose number is 0: the first is 1', JSON.stringify({ ...EVENT, seq: 0 })],
    ['whose number is negative', JSON.stringify({ ...EVENT, seq: -16 })],
    ['whose number is too large', JSON.stringify({ ...EVENT, seq: 2 ** 53 })],
    ['whose time is a number', JSON.stringify({ ...EVENT, time: 7 })],
    ['whose type is a number', JSON.stringify({ ...EVENT, type: 7 })],
    ['whose item is a number', JSON.stringify({ ...EVENT, item: 7 })],
  ])('%s is not an event', (_, line) => {
    expect(parseEvent(line)).toBeNull()
  })

  test('of any kind is an event or not, and never an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map(json => `{"seq":1,"x":${json}`),
        ),
        line => {
          const event = parseEvent(line)
          expect(event === null || typeof event.seq === 'number').toBe(true)
        },
      ),
    )
  })
})

test.each<[EventType, takes: boolean]>([
  ['granted', true],
  ['renewed', true],
  ['takenOver', true],
  ['started', true],
  ['released', false],
  ['archived', false],
  ['blocked', false],
  ['unblocked', false],
  ['finished', false],
  ['reopened', false],
  ['refused', false],
  ['created', false],
  ['changed', false],
  ['moved', false],
  ['sessionStarted', false],
  ['sessionEnded', false],
])('an event %s: its session got the item %s', (type, takes) => {
  expect(takesLock(type)).toBe(takes)
})
