/** The shared record's text: read back as written, and never free when it cannot be read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holderOf, parseSharedRecord, sharedRecordText } from '../../../src/core/coordination/record.ts'
import { anyRecord, RECORD } from './records.ts'

test('a record is read back as it was written', () => {
  fc.assert(
    fc.property(anyRecord, record => {
      expect(parseSharedRecord(sharedRecordText(record))).toEqual({ kind: 'record', record })
    }),
  )
})

test('the same record is the same text, whatever the order of its keys', () => {
  const turned = Object.fromEntries(Object.entries(RECORD).reverse().slice(-9).reverse())
  expect(sharedRecordText({ ...turned, ...RECORD } as typeof RECORD)).toBe(sharedRecordText(RECORD))
})

test('fields that a later version adds survive a rewrite', () => {
  const reading = parseSharedRecord(JSON.stringify({ ...RECORD, colour: 'blue' }))
  if (reading.kind !== 'record') throw new Error('unreadable')
  expect(JSON.parse(sharedRecordText(reading.record))).toMatchObject({ colour: 'blue' })
})

describe('never free:', () => {
  test.each([
    ['nothing', ''],
    ['half a record', sharedRecordText(RECORD).slice(0, 60)],
    ['a list', '[]'],
    ['null', 'null'],
    ['another format', JSON.stringify({ ...RECORD, v: 2 })],
  ])('%s is unreadable', (_, text) => {
    expect(parseSharedRecord(text).kind).toBe('unreadable')
  })

  test('a newer format is named as such', () => {
    expect(parseSharedRecord(JSON.stringify({ v: 7 }))).toEqual({
      kind: 'unreadable',
      why: 'it was written by a newer wrk (format 7)',
    })
  })

  test.each(Object.keys(RECORD).filter(key => key !== 'anchors'))(
    'a record without %s is unreadable',
    key => {
      const { [key as keyof typeof RECORD]: _, ...rest } = RECORD
      expect(parseSharedRecord(JSON.stringify(rest)).kind).toBe('unreadable')
    },
  )

  test.each([
    ['epoch', 0],
    ['epoch', 1.5],
    ['epoch', '7'],
    ['state', 'free'],
    ['session', ''],
    ['renewed_at', 'yesterday'],
    ['ttl_s', null],
    ['ttl_s', -1],
    ['anchors', [{ pid: 'x' }]],
  ])('a record with %s: %j is unreadable', (key, value) => {
    expect(parseSharedRecord(JSON.stringify({ ...RECORD, [key]: value })).kind).toBe('unreadable')
  })

  test('whatever the text, reading it does not fail', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        expect(['record', 'unreadable']).toContain(parseSharedRecord(text).kind)
      }),
    )
  })
})

test('a helper of a session is a holder of its own', () => {
  expect(holderOf({ session: 's', agent: null })).toBe('s')
  expect(holderOf({ session: 's', agent: 'helper' })).toBe('s/helper')
})
