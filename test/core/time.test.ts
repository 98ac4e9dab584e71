/** Instants as files hold them, durations as people type them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  humanDuration,
  localTime,
  parseDuration,
  parseInstant,
  stamp,
  withLocalTimes,
} from '../../src/core/time.ts'

const date = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
})

describe('an instant', () => {
  test('is read back to the second as it was written', () => {
    fc.assert(
      fc.property(date, at => {
        const written = stamp(at)
        expect(written).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
        expect(parseInstant(written)!.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000)
      }),
    )
  })

  test('in any zone is the same instant', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -14 * 60, max: 14 * 60 }), (at, minutes) => {
        const size = Math.abs(minutes)
        const clock = `${`${Math.floor(size / 60)}`.padStart(2, '0')}:${`${size % 60}`.padStart(2, '0')}`
        const local = new Date(at.getTime() + minutes * 60_000)
        fc.pre(local.getUTCFullYear() <= 9999 && local.getUTCFullYear() >= 1970)
        const text = `${stamp(local).slice(0, 19)}${minutes < 0 ? '-' : '+'}${clock}`
        expect(parseInstant(text)!.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000)
      }),
    )
  })

  test.each([
    ['2026-02-16', '2026-02-16T00:00:00Z'],
    ['2026-02-16T19:30Z', '2026-02-16T19:30:00Z'],
    ['2026-02-16 19:30:05', '2026-02-16T19:30:05Z'],
    ['2026-02-16T19:30:05', '2026-02-16T19:30:05Z'],
    ['2026-02-16t19:30:05.123z', '2026-02-16T19:30:05Z'],
    ['2026-02-16 19:30:05 +02', '2026-02-16T17:30:05Z'],
    ['2026-02-16T19:30:05-0530', '2026-02-17T01:00:05Z'],
    ['0000-01-01', '0000-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
  ])('written as %s is %s', (text, meant) => {
    expect(stamp(parseInstant(text)!)).toBe(meant)
  })

  test.each(['9999-12-31T23:59:59-12:00', '0000-01-01T00:00:00+01:00'])(
    'that its zone leads out of the years of four digits, as %s, is null: it could not be written again',
    text => {
      expect(parseInstant(text)).toBeNull()
    },
  )

  test.each([
    ['2026-02-16T19:30:05.999999999Z', '2026-02-16T19:30:05.000Z'],
    [' 2026-02-16T19:30:05Z\n', '2026-02-16T19:30:05.000Z'],
    ['2026-02-16T19:30+01:30', '2026-02-16T18:00:00.000Z'],
    ['2026-02-16  19:30  -01', '2026-02-16T20:30:00.000Z'],
    ['2026-02-16T19:30', '2026-02-16T19:30:00.000Z'],
  ])('written as %j is %s to the millisecond', (text, meant) => {
    expect(parseInstant(text)?.toISOString()).toBe(meant)
  })

  test.each([
    ...[
      '+002026-02-16T19:30:05Z',
      'x2026-02-16',
      '2026-02-16x',
      '12026-02-16',
      '2026-02-160',
      '2026-2-16',
      '26-02-16',
      '2026-02-16Z',
    ],
    ...['2026-02-16T', '2026-02-16T19', '2026-02-16T1930', '2026-02-16T19:3', '2026-02-16T19:30:5'],
    ...[
      '2026-02-16T19:30:05.Z',
      '2026-02-16T19:30:05.1234567890Z',
      '2026-02-16T19:30:05X',
      '2026-02-16T19:30:05+1',
    ],
    ...['2026-02-16T19:30:05+02:3', '2026-02-16T19:30:05+02:300', '2026-02-16_19:30:05', '2026-02-32'],
  ])('is not %s', text => {
    expect(parseInstant(text)).toBeNull()
  })

  test('without a zone is UTC wherever the machine stands', ({ skip, onTestFinished }) => {
    const zone = process.env.TZ
    onTestFinished(() => {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    })
    process.env.TZ = 'Asia/Kolkata'
    // In a worker thread the zone cannot be changed.
    if (new Date(0).getTimezoneOffset() !== -330) skip()
    for (const text of ['2026-02-16T19:30:05', '2026-02-16 19:30:05', '2026-02-16T19:30:05z'])
      expect(parseInstant(text)?.toISOString()).toBe('2026-02-16T19:30:05.000Z')
    expect(parseInstant('2026-02-16')?.toISOString()).toBe('2026-02-16T00:00:00.000Z')
  })

  test('that is no instant is null, never an invalid date', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom('yesterday', '2026-13-01', '2026-02-16T25:00', '20260216', '1771270205'),
        ),
        text => {
          const at = parseInstant(text)
          expect(at === null || !Number.isNaN(at.getTime())).toBe(true)
        },
      ),
    )
    for (const text of ['', 'yesterday', '2026-13-01', '2026-02-16T25:00', '1771270205'])
      expect(parseInstant(text)).toBeNull()
  })
})

describe('a duration', () => {
  test('is the sum of its parts', () => {
    const part = fc.tuple(
      fc.nat({ max: 9999 }),
      fc.constantFrom(['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000], ['d', 86_400_000]),
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), parts => {
        const text = parts.map(([amount, [unit]]) => `${amount}${unit}`).join('')
        const sum = parts.reduce((total, [amount, [, size]]) => total + amount * (size as number), 0)
        expect(parseDuration(text)).toBe(sum)
        expect(parseDuration(` ${text.toUpperCase()} `)).toBe(sum)
      }),
    )
  })

  test('without a unit is in seconds', () => {
    fc.assert(
      fc.property(fc.nat(), seconds => {
        expect(parseDuration(`${seconds}`)).toBe(seconds * 1000)
      }),
    )
    expect(parseDuration('0')).toBe(0)
    expect(parseDuration('1.5')).toBe(1500)
  })

  test.each(['', '-5', '+5', '5x', 'h', '5 m', '1h-', 'Infinity', 'NaN', '0x10', '1e3'])(
    '%j is not one',
    text => {
      expect(parseDuration(text)).toBeNull()
    },
  )

  test('is null or a number that is not negative, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.smhd ]{0,12}$/)), text => {
        const ms = parseDuration(text)
        expect(ms === null || (Number.isFinite(ms) && ms >= 0)).toBe(true)
      }),
    )
  })

  test.each([
    ['1.5h', 5_400_000],
    ['1.25h', 4_500_000],
    ['1h30m', 5_400_000],
    ['0.4ms', 0],
    ['0.6ms', 1],
    ['1.25', 1250],
    ['36600d', 36_600 * 86_400_000],
    ['36601d', null],
    ['36600d1ms', null],
    ['3162240000', 36_600 * 86_400_000],
    ['3162240001', null],
    ['12345678901ms', null],
    ['00000000001', null],
    ['1.h', null],
    ['1.', null],
    ['x1h', null],
    ['1hx', null],
    ['x1', null],
    ['1x', null],
  ])('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    [-5000, '0s'],
    [0, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m'],
    [3_600_000, '1h'],
    [3_660_000, '1h 1m'],
    [86_399_999, '23h 59m'],
    [86_400_000, '1d'],
    [90_000_000, '1d 1h'],
    [172_800_000, '2d'],
  ])('%i ms are %s for people', (ms, answer) => {
    expect(humanDuration(ms)).toBe(answer)
  })

  test('said for people reads back as no more than it is, and nearly as much', () => {
    fc.assert(
      fc.property(fc.nat({ max: 400 * 86_400_000 }), ms => {
        const read = parseDuration(humanDuration(ms).replaceAll(' ', ''))!
        expect(read).toBeLessThanOrEqual(ms)
        expect(ms - read).toBeLessThan(Math.max(1000, ms * 0.04 + 60_000))
      }),
    )
  })
})

describe('a time for people', () => {
  const now = new Date('2026-03-02T12:00:00Z')
  const utc = () => 0
  const india = () => 330
  const newYork = (at: Date) => (at.toISOString() < '2026-03-08T07:00:00Z' ? -300 : -240)

  test.each([
    ['2026-03-02T11:07:09Z', utc, '11:07'],
    ['2026-03-02T00:00:00Z', utc, '00:00'],
    ['2026-03-01T23:59:59Z', utc, '1 Mar 23:59'],
    ['2025-12-31T23:30:00Z', utc, '31 Dec 2025 23:30'],
    ['2026-03-02T11:07:09Z', india, '16:37'],
    ['2026-03-01T19:00:00Z', india, '00:30'],
    ['2026-03-01T18:00:00Z', india, '1 Mar 23:30'],
    ['2025-12-31T23:30:00Z', india, '1 Jan 05:00'],
    ['2026-03-02T11:07:09Z', newYork, '06:07'],
    // By the clock that will be on the wall then.
    ['2026-03-09T12:00:00Z', newYork, '9 Mar 08:00'],
  ])('%s is shown as the clock on the wall has it', (at, zone, shown) => {
    expect(localTime(new Date(at), now, zone)).toBe(shown)
  })

  test('replaces each instant in a message, and of nothing else', () => {
    const text =
      'since 2026-03-02T11:00:00Z (1h ago), until 2026-03-03T11:00:00Z; 2026-03-02, x2026-03-02T11:00:00Z'
    expect(withLocalTimes(text, () => now, india)).toBe(
      'since 16:30 (1h ago), until 3 Mar 16:30; 2026-03-02, x2026-03-02T11:00:00Z',
    )
    const never = () => {
      throw new Error('asked')
    }
    expect(withLocalTimes('no time, 2026-99-99T11:00:00Z', never, india)).toContain('2026-99-99')
  })
})
