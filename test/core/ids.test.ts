/** Ids meet paths, and text from files meets the terminal: both are checked here first. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WrkError } from '../../src/core/errors.ts'
import { displayOfFileName, keyOfField, keyOfFileName, parseId, printable } from '../../src/core/ids.ts'

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
          if (key !== null) expect(key).toMatch(/^[a-z][a-z0-9_.-]*-[0-9]{1,9}$/)
      }),
      { numRuns: 1000 },
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
    '.WRK-157.md',
    'WRK-157.md~',
    'WRK-157\n.md',
  ])('is not seen in the file name %j', name => {
    expect(keyOfFileName(name)).toBeNull()
  })
})

describe('text from files', () => {
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
      { numRuns: 1000 },
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
