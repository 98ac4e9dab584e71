/** Ids meet paths, and text from files meets the terminal: both are checked here first. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WrkError } from '../../../src/core/errors.ts'
import {
  compareKeys,
  displayOfFileName,
  type ItemKey,
  isIdOf,
  keyOfField,
  keyOfFileName,
  keysIn,
  numberOfKey,
  parseId,
} from '../../../src/core/items/ids.ts'
import { printable } from '../../../src/core/text.ts'
import { runs } from '../../support/property-runs.ts'

const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,8}$/)
const prefix = fc.array(word, { minLength: 1, maxLength: 4 }).map(words => words.join('-'))
const number = fc.nat({ max: 999_999_999 })
/** What somebody might try: pieces of paths and ids in any order. */
const nasty = fc
  .array(
    fc.constantFrom(
      ...[
        '..',
        '.',
        '/',
        '\\',
        '~',
        '\0',
        '\n',
        '\r',
        '%2e%2e',
        'WRK',
        '-',
        '#',
        '157',
        '.md',
        ' ',
        ':',
        '*',
      ],
      ...['etc', 'passwd', '$(id)', '`id`', ';', '&', '|', '\u202e', '\x1b[31m', 'é', '١٥٧', 'a'.repeat(200)],
    ),
    { maxLength: 8 },
  )
  .map(parts => parts.join(''))
const anyText = fc.oneof(
  nasty,
  fc.string(),
  fc.string({ unit: 'binary' }),
  nasty.map(text => `WRK-157${text}`),
)

function keyOrNull(text: string): string | null {
  try {
    return parseId(text, 'WRK').key
  } catch (error) {
    expect(error).toBeInstanceOf(WrkError)
    expect((error as WrkError).code).toBe('USAGE')
    return null
  }
}

describe('an id', () => {
  test('that is accepted never holds a separator, a dot-dot at its start or a control character', () => {
    fc.assert(
      fc.property(anyText, text => {
        for (const key of [keyOrNull(text), keyOfFileName(text), keyOfField(text, 'WRK')])
          if (key !== null) expect(key).toMatch(/^[a-z][a-z0-9_.-]*-[0-9]{1,9}(\.[0-9]{1,9})*$/)
      }),
      { numRuns: runs(1000) },
    )
  })

  test('is accepted in every spelling of prefix and number, and they are one id', () => {
    fc.assert(
      fc.property(prefix, number, (name, digits) => {
        const key = parseId(`${name}-${digits}`, 'WRK').key
        for (const other of [
          `${name}#${digits}`,
          `${name.toUpperCase()}-${digits}`,
          `${name}-${digits}.md`,
          `${name}-${`${digits}`.padStart(9, '0')}`,
        ])
          expect(parseId(other, 'WRK').key).toBe(key)
        expect(keyOfField(`${name}#${digits}`, 'X')).toBe(key)
        expect(keyOfFileName(`${name}-${digits}.md`)).toBe(key)
        expect(keyOfFileName(`${name}-${digits}-some words.md`)).toBe(key)
      }),
    )
  })

  test('reads back as the same id from what is displayed', () => {
    fc.assert(
      fc.property(prefix, number, fc.constantFrom('-', '#'), (name, digits, mark) => {
        const id = parseId(`${name}${mark}${digits}`, 'WRK')
        expect(parseId(id.display, 'other')).toEqual(id)
        expect(parseId(displayOfFileName(`${name}-${digits}-x.md`), 'other').key).toBe(id.key)
      }),
    )
  })

  test('that is a bare number takes the queue’s prefix', () => {
    fc.assert(
      fc.property(prefix, number, (name, digits) => {
        expect(parseId(`${digits}`, name).key).toBe(parseId(`${name}-${digits}`, 'other').key)
      }),
    )
  })

  test.each([
    '',
    '-',
    'WRK',
    'WRK-',
    '-157',
    '../../etc/passwd',
    'WRK-157/../x',
    '/etc/passwd',
    'WRK-157\n',
    'WRK-157\0',
    ' WRK-157',
    'WRK--157',
    'WRK-1234567890',
    `${'W'.repeat(120)}-1`,
    'WRK-157-suffix',
    '１５７',
  ])('such as %j is refused', text => {
    expect(keyOrNull(text)).toBeNull()
  })

  test.each([
    'README.md',
    'WRK-157',
    'WRK-157.txt',
    'WRK-157x.md',
    'WRK-1x.md',
    '.WRK-157.md',
    'WRK-157.md~',
    'WRK-157\n.md',
  ])('is not seen in the file name %j', name => {
    expect(keyOfFileName(name)).toBeNull()
  })
})

describe('a refusal', () => {
  const refusal = (text: string): WrkError => {
    try {
      parseId(text, 'WRK')
    } catch (error) {
      return error as WrkError
    }
    throw new Error(`${text} was accepted`)
  }

  test.each([
    ['WRK157', 'WRK-157'],
    ['WRK 157', 'WRK-157'],
    ['WRK_157', 'WRK-157'],
    ['WRK:157', 'WRK-157'],
    ['WRK/157', 'WRK-157'],
    ['my-queue157.md', 'my-queue-157'],
    ['WRK-.157', 'WRK-157'],
    ['WRK: 157', 'WRK-157'],
    ['x157', 'x-157'],
  ])('of %s suggests %s', (text, meant) => {
    const { code, message, hint } = refusal(text)
    expect([code, message]).toEqual(['USAGE', `"${text}" is not an item id`])
    expect(hint).toBe(`Did you mean ${meant}? An id looks like WRK-157, 157 or workspace-hub#1311.`)
  })

  test.each(['nonsense', '!157', 'WRK157x', 'x WRK157', 'WRK1234567890', '157x'])(
    'of %s asks nothing',
    text => {
      expect(refusal(text).hint).toBe('An id looks like WRK-157, 157 or workspace-hub#1311.')
    },
  )

  test.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    [157, 'number'],
    [{}, 'object'],
  ])('of %j, which is not text, says that it is %s', (input, kind) => {
    const { code, message, hint } = refusal(input as string)
    expect({ code, message }).toEqual({
      code: 'USAGE',
      message: `the id must be a string, not ${kind}`,
    })
    expect(hint).toContain('WRK-157')
  })

  test('suggests only valid ids', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z]([A-Za-z.-]| ?){0,6}[0-9]{1,3}$/), text => {
        const asked =
          keyOrNull(text) === null ? /mean (.*)\? /.exec(refusal(text).hint ?? '')?.[1] : undefined
        if (asked !== undefined) expect(keyOrNull(asked)).not.toBeNull()
      }),
    )
  })

  test('of long text cuts it', () => {
    expect(refusal('x'.repeat(70)).message).toBe(`"${'x'.repeat(59)}…" is not an item id`)
    expect(parseId(`${'x'.repeat(98)}-1`, 'WRK').key).toHaveLength(100)
    expect(keyOrNull(`${'x'.repeat(99)}-1`)).toBeNull()
  })
})

describe('the text of an id field', () => {
  test.each([
    ['WRK-157', true],
    ['wrk-0157', true],
    ['WRK#157', true],
    ['157', true],
    ['0157', true],
    ['158', false],
    ['WRK-1570', false],
    ['X-157', false],
    ['WRK-157.md', false],
    ['1234567890', false],
    ['x157', false],
    ['157x', false],
    ['', false],
  ])('%j names the item of wrk-157: %s', (text, named) => {
    expect(isIdOf('wrk-157' as ItemKey, text, 'WRK')).toBe(named)
    expect(keyOfField(text, 'WRK') === 'wrk-157').toBe(named)
  })

  test('takes a bare number for one of the queue', () => {
    expect(isIdOf('other-157' as ItemKey, '157', 'WRK')).toBe(false)
    expect(isIdOf('other-157' as ItemKey, '157', 'Other')).toBe(true)
  })
})

describe('a file name', () => {
  test.each([
    ['WRK-139.md', 'WRK-139'],
    ['WRK-0139.md', 'WRK-0139'],
    ['WRK-000.md', 'WRK-000'],
    ['WRK-139-gmsh.md', 'WRK-139'],
    ['WRK-139_a b.c.md', 'WRK-139'],
    ['WRK-139 two.md', 'WRK-139'],
    ['WRK-139.old.md', 'WRK-139'],
    ['WRK-139-.md', 'WRK-139'],
    ['a.b-c_d-007-x.md', 'a.b-c_d-007'],
  ])('%s is %s', (name, display) => {
    expect(displayOfFileName(name)).toBe(display)
    expect(keyOfFileName(name)).toBe(parseId(display, 'x').key)
  })

  test.each([
    ...['WRK-139', 'WRK-139.mdx', 'xWRK-139/a.md', 'WRK-139-a/b.md', 'WRK-139-a\\b.md', 'WRK-139-\x7f.md'],
    ...[
      'WRK-139-\x00.md',
      'WRK-139-\x1f.md',
      'WRK-1234567890.md',
      '-139.md',
      '1-139.md',
      'WRK#139.md',
      '139.md',
    ],
  ])('%j is not an item', name => {
    expect(keyOfFileName(name)).toBeNull()
  })

  test('that is not an item is shown as it is', () => {
    expect(displayOfFileName('README.md')).toBe('README.md')
  })
})

describe('a copy that a sync tool made', () => {
  test.each([
    'WRK-1.sync-conflict-20260216-194500-ABCDEFG.md',
    'WRK-1 (conflicted copy).md',
    'WRK-1 (conflicted copy 2026-02-16 194500).md',
    'WRK-1-tides (Case Conflict).md',
    'WRK-1_conflict-20260216-194500.md',
    'WRK-1-DESKTOP-A1B2C3D.md',
    'WRK-1_BACKUP_4711.md',
    'WRK-1 2.md',
    'WRK-1 (12).md',
    'WRK-1 - Copy (2).md',
    'WRK-222.1 copy.md',
  ])('is not an item: %s', name => {
    expect(keyOfFileName(name)).toBeNull()
  })

  test.each([
    'WRK-139-gmsh.md',
    'WRK-1 gmsh.md',
    'WRK-1_LOCAL.md',
    'WRK-1-copy.md',
    'WRK-1-2.md',
    'WRK-1 (draft).md',
    'WRK-1-conflict.md',
    'WRK-1 2026.md',
    'WRK-1.orig.md',
    'WRK-1-DESKTOP.md',
  ])('any other suffix is an item’s: %s', name => {
    expect(keyOfFileName(name)).not.toBeNull()
  })
})

describe('a number with parts', () => {
  test.each([
    ['WRK-222.1', 'wrk-222.1'],
    ['222.1', 'wrk-222.1'],
    ['222.10', 'wrk-222.10'],
    ['WRK-0222.01.000', 'wrk-222.1.0'],
    ['hub#7.2.3.4.5', 'hub-7.2.3.4.5'],
  ])('is an id of its own: %s', (text, key) => {
    expect(parseId(text, 'WRK').key).toBe(key)
    expect(parseId(`${text}.md`, 'WRK').key).toBe(key)
    expect(keyOfField(text, 'WRK')).toBe(key)
  })

  test.each(['WRK-222.', 'WRK-222..1', 'WRK-222.1x', 'WRK-1.2.3.4.5.6', 'WRK-222.1234567890', '.1', '222.'])(
    'is not %s',
    text => {
      expect(keyOrNull(text)).toBeNull()
      expect(keyOfField(text, 'WRK')).toBeNull()
    },
  )

  test.each([
    ['WRK-222.1.md', 'wrk-222.1', 'WRK-222.1'],
    ['WRK-0222.01-pumps.md', 'wrk-222.1', 'WRK-0222.01'],
    ['WRK-222.1 a.2.md', 'wrk-222.1', 'WRK-222.1'],
    ['WRK-222.old.1.md', 'wrk-222', 'WRK-222'],
  ])('the file %s is that of %s', (name, key, display) => {
    expect([keyOfFileName(name), displayOfFileName(name)]).toEqual([key, display])
  })

  test.each(['WRK-222.1x.md', 'WRK-222.1.2.3.4.5.md', 'WRK-222.1234567890.md'])(
    'the file %s is nobody’s, least of all that of WRK-222',
    name => expect(keyOfFileName(name)).toBeNull(),
  )

  test('names an id field of that number alone', () => {
    expect(isIdOf('wrk-222.1' as ItemKey, '222.1', 'WRK')).toBe(true)
    expect(isIdOf('wrk-222.1' as ItemKey, 'WRK-222', 'WRK')).toBe(false)
    expect(isIdOf('wrk-222' as ItemKey, 'WRK-222.1', 'WRK')).toBe(false)
  })

  test('is named in running text, never the number before the dot', () => {
    const keys = (text: string) => keysIn(text).map(({ readings }) => readings[0])
    expect(keys('WRK-222.1 and WRK-222.1. Then WRK-222.')).toEqual(['wrk-222.1', 'wrk-222.1', 'wrk-222'])
    expect(keys('WRK-222.1x, WRK-222.1.2.3.4.5')).toEqual([])
  })

  test('is sorted by its parts', () => {
    const keys = ['b-1', 'a-10', 'a-9', 'a-9.10', 'a-9.2', 'a-9.2.1'] as ItemKey[]
    expect([...keys].sort(compareKeys)).toEqual(['a-9', 'a-9.2', 'a-9.2.1', 'a-9.10', 'a-10', 'b-1'])
    expect(keys.map(numberOfKey)).toEqual([1, 10, 9, 9, 9, 9])
  })
})

describe('running text', () => {
  const readings = (text: string) => keysIn(text).map(({ at, readings }) => [at, ...readings])

  test.each<[string, (string | number)[][]]>([
    ['see WRK-157.', [[4, 'wrk-157']]],
    ['(WRK-0157)', [[1, 'wrk-157']]],
    ['hub#1311', [[0, 'hub-1311']]],
    ['fix-WRK-157', [[0, 'fix-wrk-157', 'wrk-157']]],
    ['a.b-1', [[0, 'a.b-1', 'b-1']]],
    [
      'see a-1.b-2',
      [
        [4, 'a-1'],
        [8, 'b-2'],
      ],
    ],
    ['a-1x-2 b-3', [[7, 'b-3']]],
    [
      'WRK-1, WRK-2',
      [
        [0, 'wrk-1'],
        [7, 'wrk-2'],
      ],
    ],
    ['WRK-1234567890', []],
    ['WRK-157x', []],
    ['WRK-157_', []],
    ['7WRK-157', []],
    ['_WRK-157', []],
    ['157', []],
    ['', []],
  ])('%j', (text, wanted) => {
    expect(readings(text)).toEqual(wanted)
  })

  test('in words of more than 200 characters is passed over', () => {
    expect(readings(`${'x'.repeat(198)}-1`)).toHaveLength(1)
    expect(readings(`${'x'.repeat(199)}-1`)).toEqual([])
  })
})

describe('text from files', () => {
  test('is cut to its length, the last character a mark of that', () => {
    expect(printable('abc', 3)).toBe('abc')
    expect(printable('abcd', 3)).toBe('ab…')
    expect(printable('äbc', 3)).toBe('äbc')
    expect(printable('a\x00c', 3)).toBe('a?c')
    expect(printable('x'.repeat(301))).toHaveLength(300)
    expect(printable('x'.repeat(300))).toBe('x'.repeat(300))
    expect(printable(' ~\x7f\x80\x9f\xa0')).toBe(' ~???\xa0')
  })

  test('is printed without control, direction and line characters, and never longer than asked', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: 'binary' })),
        fc.integer({ min: 1, max: 50 }),
        (text, most) => {
          const safe = printable(text, most)
          expect(safe).not.toMatch(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
          expect(safe.length).toBeLessThanOrEqual(most)
        },
      ),
      { numRuns: runs(1000) },
    )
  })

  test('stays as it is when there is nothing wrong with it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~äöüß夜é]{0,100}$/), text => {
        expect(printable(text, 100)).toBe(text)
      }),
    )
  })
})
