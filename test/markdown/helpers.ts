import fc from 'fast-check'
import { parseDocument } from 'yaml'

/** What the yaml package makes of a text with its default settings; undefined where it finds an error. */
export function reference(text: string, uniqueKeys = true): { data: unknown } | undefined {
  const document = parseDocument(text, { uniqueKeys, logLevel: 'error', prettyErrors: false })
  if (document.errors.length > 0) return undefined
  try {
    return { data: document.toJS() ?? {} }
  } catch {
    return undefined
  }
}

/** Pieces that YAML gives a meaning to, in places where they may or may not have one. */
const PIECES = [
  ...[' ', '  ', '\n', '\r\n', '\r', '\t', ':', ': ', ' :', '-', '- ', '\n- ', '\n  - ', '#', ' #', '# c\n'],
  ...['"', "'", "''", '[', ']', '{', '}', ',', ', ', '|', '>', '|+\n', '>-\n', '&a ', '*a', '!', '!!str '],
  ...['?', '? ', '%', '@', '`', '~', 'null', 'true', 'No', '1', '0x1F', '-0', '.5', '1e3', '.inf', '+1'],
  ...[
    '\\',
    '\\n',
    '\\u00e9',
    '\\x41',
    '\\q',
    'é',
    '😀',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\u00a0',
    '\0',
    '\x7f',
  ],
  ...['a', 'b', 'key: ', 'a: ', 'a:b', '<<: ', '---', '...', '\n...\n', '__proto__: ', 'a: 1\n', '  b: 2\n'],
  ...[
    '- a: 1\n',
    '\n\n',
    '   ',
    '=',
    '"a": ',
    '1: x\n',
    'n: ',
    '2026-01-01',
    '::',
    '-a',
    '--',
    '{a: 1}',
    '[x, y]',
  ],
]

const piece = fc.constantFrom(...PIECES)

/** YAML as people write it. */
export const plainYaml = fc
  .uniqueArray(
    fc.constantFrom('id', 'title', 'status', 'related', 'blocked_by', 'notes', 'commit', 'a b', 'x-y'),
    {
      minLength: 1,
    },
  )
  .chain(keys => fc.tuple(fc.constant(keys), fc.array(valueText(), { minLength: 9, maxLength: 9 })))
  .map(([keys, values]) => keys.map((key, i) => `${key}:${values[i]}\n`).join(''))

function valueText(): fc.Arbitrary<string> {
  return fc.constantFrom(
    ...[
      '',
      ' ',
      ' # note',
      ' plain words',
      ' 7',
      ' "double \\" \\u00e9 q"',
      " 'it''s'",
      ' WRK-157 # c',
      ' null',
    ],
    ...[
      ' [a, "b, c", [d]]',
      ' []',
      ' {}',
      ' {a: 1, b: [x], c: null}',
      '\n  - a\n  - b: 1\n    c: 2',
      '\n- a\n- b',
    ],
    ...[
      '\n  k: v\n  l:\n    m: [1]',
      '\n\n  # c\n  k: v',
      ' |\n  text\n  more',
      ' two\n  lines',
      ' >\n  two: words\n  lines',
      ' |-\n    deep\n      deeper\n\n    again\n',
      ' some\n  more # c',
      ' "one \\" \\\n  \\ two\n  three\\\\\n  four"',
      " 'it''s\n  long'",
      '\n  []',
      ' [\n  a, b,\n  {c: d,\n    e: f},\n  ]',
      ' 2026-01-01T00:00:00Z',
    ],
    ...[
      ' "two\n  lines"',
      ' &x anchored',
      ' é — 😀',
      ' http://x.y/z#f',
      ' >-\n  folded\n\n  text\n',
      ' !!str 5',
    ],
  )
}

/** Such YAML with some pieces put in and some characters cut out, and pure nonsense. */
export const nastyYaml = fc.oneof(
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 14 }).map(parts => parts.join('')) },
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 8 }).map(parts => `a: ${parts.join('')}\n`) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(plainYaml, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.option(piece)), { maxLength: 3 }))
      .map(([text, changes]) => {
        let result = text
        for (const [at, cut, put] of changes) {
          const from = at % (result.length + 1)
          result = result.slice(0, from) + (put ?? '') + result.slice(from + cut)
        }
        return result
      }),
  },
)
