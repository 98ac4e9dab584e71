/**
 * Files with frontmatter as nobody should write it: most of it is YAML, some of it only looks so.
 *
 * In the lists below, pieces are set apart by `¦`; `⏎` is a line feed, `⇥` a tab, `␣` a blank at an end, and `∅`
 * stands for nothing.
 */
import fc from 'fast-check'

function pieces(list: string): fc.Arbitrary<string> {
  const meant = { '⏎': '\n', '⇥': '\t', '␣': ' ', '∅': '' } as Record<string, string>
  const all = list.split('¦').map(piece => piece.trim().replace(/[⏎⇥␣∅]/g, mark => meant[mark]!))
  return fc.constantFrom(...all)
}

/** The first list's pieces `weight` times as often as those of the other. */
function mostly(usual: string, weight: number, strange: string): fc.Arbitrary<string> {
  return fc.oneof({ weight, arbitrary: pieces(usual) }, { weight: 1, arbitrary: pieces(strange) })
}

const key = fc.oneof(
  {
    weight: 25,
    arbitrary: pieces('locked_by ¦ locked_at ¦ id ¦ title ¦ status ¦ priority ¦ k ¦ note ¦ x ¦ y ¦ z'),
  },
  {
    weight: 5,
    arbitrary: pieces(String.raw`
      locked-by ¦ Locked_by ¦ LOCKED_AT ¦ locked_by2 ¦ xlocked_by ¦ locked by ¦ locked_by. ¦ lock ¦ "locked_by"
      ¦ 'locked_at' ¦ "id" ¦ "locked\u005fby" ¦ "a: b" ¦ 'it''s' ¦ "# k" ¦ "é\"q" ¦ é ¦ 日本 ¦ 😀 ¦ a b ¦ x-y
      ¦ __proto__ ¦ constructor ¦ toString ¦ x/y ¦ _ ¦ -k ¦ k#k ¦ k:k ¦ << ¦ 1 ¦ 0x1F ¦ null ¦ true ¦ ~`),
  },
  {
    weight: 1,
    arbitrary: pieces(`
      ? locked_by⏎ ¦ ? [locked_by]⏎ ¦ ? |⏎  locked_by⏎ ¦ !!str locked_by ¦ &k locked_by ¦ *k ¦ *a␣ ¦ [locked_by]
      ¦ {locked_by: x} ¦ ∅ ¦ " ¦ ' ¦ - k ¦ ␣␣k ¦ %k ¦ @k ¦ !k ¦ ${'k'.repeat(1023)} ¦ ${'k'.repeat(1025)}
      ¦ "two⏎  lines" ¦ two⏎  lines ¦ ⇥k`),
  },
)

const colon = mostly(':␣', 15, ': ¦ :␣␣ ¦ :⇥ ¦ ␣:␣ ¦ :⏎␣␣ ¦ :␣⏎⏎␣␣␣␣ ¦ : # c⏎␣␣ ¦ :⏎ ¦ ␣ ¦ :⏎# c⏎␣')

const LONG = 'long '.repeat(600)

const word = fc.oneof(
  {
    weight: 12,
    arbitrary: pieces(String.raw`
      ∅ ¦ word ¦ two words ¦ WRK-157 ¦ claude-devbox-k3x9f2 ¦ 2026-02-16T19:30:05Z ¦ 7 ¦ 007 ¦ -1 ¦ true ¦ No ¦ null
      ¦ ~ ¦ 0x1F ¦ 0o17 ¦ 1e3 ¦ .inf ¦ .nan ¦ 1_000 ¦ 12:30 ¦ http://a.b:80/c#d ¦ "" ¦ '' ¦ "x" ¦ 'x'
      ¦ "locked_by: x" ¦ 'it''s # so' ¦ "\u00e9\x41\t\"\\ \/" ¦ "😀" ¦ é — 😀`),
  },
  {
    weight: 6,
    arbitrary: pieces(String.raw`
      a#b ¦ a:b ¦ a,b ¦ a]b ¦ a}b ¦ -x ¦ ?x ¦ :x ¦ $x ¦ \ ¦ a\n ¦ a"b ¦ a'b ¦ "\N\_\L\P\e\0" ¦ "\ud83d\ude00"
      ¦ "\U0001F600" ¦ "\ud800" ¦ "a⇥b" ¦ '⇥' ¦ a⇥b ¦ "a # b" ¦ العربية ¦ "${"''".repeat(60)}"`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a\u00a0b', 'a\u2028b', '\u0085', 'a\ufeffb', 'e\u0301', '\u202eback'),
  },
  {
    weight: 1,
    arbitrary: pieces(`
      ${LONG} ¦ "${LONG}" ¦ '${LONG}' ¦ ${'x'.repeat(3000)} ¦ ${'- '.repeat(40)} ¦ ${'"'.repeat(99)}
      ¦ ${"''".repeat(200)} ¦ ${'\\'.repeat(300)} ¦ ${'a: '.repeat(20)}`),
  },
  {
    weight: 5,
    arbitrary: pieces(String.raw`
      two⏎  lines ¦ two⏎  lines # c ¦ two⏎⏎  parts ¦ "two⏎  lines" ¦ "two \⏎  \ lines" ¦ 'a⏎⏎  b' ¦ "⏎  a⏎  "
      ¦ '⏎  a' ¦ a⏎ b⏎  c⏎   d ¦ a⏎  # no`),
  },
  {
    weight: 1,
    arbitrary: pieces(String.raw`
      " ¦ ' ¦ @x ¦ %x ¦ , ¦ ] ¦ } ¦ "a" b ¦ 'a'b ¦ "\q" ¦ "\x4" ¦ "open ¦ 'open ¦ x: ¦ a⏎  - b ¦ a⏎  b: c
      ¦ "a⏎b" ¦ "a⏎---⏎  b"`),
  },
)

const block = fc
  .tuple(
    pieces('| ¦ >'),
    mostly('∅', 2, '- ¦ + ¦ - ¦ + ¦ 1 ¦ 2 ¦ 3 ¦ 9 ¦ -2 ¦ 2- ¦ +1 ¦ 1+ ¦ -- ¦ 0'),
    mostly('∅', 5, '␣# c ¦ ␣␣ ¦ ␣x ¦ #c'),
    mostly(
      `␣␣text ¦ ␣␣text⏎  more ¦ ␣one ¦ ␣␣␣␣deep⏎      deeper⏎⏎    again ¦ ␣␣a⏎⏎⏎  b⏎ ¦ ⏎  a ¦ ␣␣text⏎⏎⏎
      ¦ ␣␣a⇥⏎  ⇥b ¦ ␣␣locked_by: x⏎  locked_at: y ¦ ␣␣# no comment ¦ ␣␣---⏎  ... ¦ ␣␣é😀 ¦ ␣␣trailing  ⏎  blanks␣
      ¦ ␣␣${LONG} ¦ ⏎⏎ ¦ ⏎␣␣⏎␣ ¦ ␣␣5 ¦ ␣␣true⏎⏎`,
      6,
      '␣⏎  a ¦ ␣␣␣a⏎  b ¦ ⇥a ¦ ∅ ¦ ␣␣␣␣⏎  a ¦ flush ¦ ␣␣⇥ ¦ ␣␣a⏎   ',
    ),
  )
  .map(([mark, how, note, text]) => `${mark}${how}${note}\n${text}`)

const flow = mostly(
  `[] ¦ {} ¦ [a, b] ¦ [ a , "b, c" , [d] ] ¦ {a: 1, b: [x], c: } ¦ [a,⏎  b # c⏎  ,{c: d}⏎  ] ¦ {a} ¦ [a: b]
  ¦ {⏎  locked_by: x,⏎  "k": [1,⏎   2]} ¦ [locked_by: a] ¦ {"a":1,"b":{"locked_by":"x"}} ¦ [⏎  ] ¦ [a,]
  ¦ [a b⏎  c] ¦ {? a : b} ¦ {a: "x⏎  y"} ¦ [a #b⏎  ] ¦ [a⏎⏎  , b] ¦ [[[[[[a]]]]]] ¦ {a: {b: {c: {}}}}
  ¦ [&c a, *c] ¦ [!!int 5, !x y] ¦ [${'x, '.repeat(150)}] ¦ [http://a.b:80/c]`,
  8,
  `[⏎] ¦ [,] ¦ [a ¦ {a: b ¦ [a]] ¦ ${'['.repeat(40)}`,
)

const nested = mostly(
  `⏎  locked_by: inner⏎  locked_at: 1 ¦ ⏎- locked_by: x⏎- y ¦ ⏎  - |⏎    text⏎  - b ¦ ⏎  ? a⏎  : b
  ¦ ⏎  - - a⏎    - b⏎  -⏎    - c ¦ ⏎  a:⏎   b:⏎    c: d ¦ ⏎⏎  # c⏎  a: 1 # d⏎# e⏎  b: 2
  ¦ ⏎  - a: 1⏎    b: 2⏎  - c ¦ ⏎  [] ¦ ⏎  "x" ¦ ⏎  |⏎  text ¦ ⏎# c⏎- a ¦ ⏎  - # c⏎    a
  ¦ ⏎  locked_by: &in x⏎  b: *in ¦ ⏎    - a⏎    -⏎    - "" ¦ ⏎- a: |⏎    t⏎  b: >-⏎    u ¦ ⏎  k: "a⏎   b"
  ¦ ⏎  ? |-⏎    a ¦ ⏎  ? - a⏎    - |⏎ ¦ ⏎  ? a: !!int |-⏎      5 ¦ ⏎- &i !!null |⏎ ¦ ⏎  - ? &a [b]⏎ ¦ ⏎  -⏎  - !x # c`,
  8,
  '⏎  a: 1⏎ b: 2 ¦ ⏎ - a⏎  - b ¦ ⏎- a⏎ b: c',
)

const property = pieces(
  '&a␣ ¦ &b␣ ¦ &a⏎␣␣ ¦ !!str␣ ¦ !!int␣ ¦ !!null␣ ¦ !x␣ ¦ !␣ ¦ !<tag:x>␣ ¦ &a !!str␣ ¦ !!seq␣ ¦ !!map␣',
)

const ordinary = fc
  .tuple(
    fc.oneof({ weight: 15, arbitrary: fc.constant('') }, { weight: 1, arbitrary: property }),
    fc.oneof(
      { weight: 16, arbitrary: word },
      { weight: 5, arbitrary: block },
      { weight: 5, arbitrary: flow },
      { weight: 5, arbitrary: nested },
      { weight: 1, arbitrary: pieces('*a ¦ *b ¦ *a # c ¦ *nobody ¦ &a ¦ &a # c ¦ !!str ¦ &a &b x') },
    ),
  )
  .map(parts => parts.join(''))

const value = fc.oneof(
  { weight: 31, arbitrary: ordinary },
  // A tag may give it a meaning that no other block scalar has.
  { weight: 1, arbitrary: fc.tuple(property, block).map(parts => parts.join('')) },
)

const note = mostly('∅', 3, '␣# c ¦ ␣␣# locked_by: x ¦ ␣# ¦ #c ¦ ␣# é😀 " ¦ ␣ ¦ ⏎ ¦ ⏎⏎ ¦ ␣# c⏎# d ¦ ⇥# c ¦ ⇥')

const entry = fc.tuple(key, colon, value, note).map(parts => `${parts.join('')}\n`)

const line = mostly(
  '# comment⏎ ¦ ␣␣# deeper⏎ ¦ ⏎ ¦ ␣␣⏎ ¦ #⏎ ¦ # locked_by: x⏎ ¦ #locked_at: é😀⏎ ¦ ⏎⏎⏎',
  6,
  `⇥⏎ ¦ --- x⏎ ¦ ---⏎ ¦ ---␣⏎ ¦ ...⏎ ¦ %YAML 1.2⏎ ¦ %TAG ! x⏎ ¦ no colon⏎ ¦ - item⏎ ¦ ␣␣␣␣deep: 1⏎ ¦ }⏎
  ¦ ⇥# c⏎`,
)

const part = fc.oneof({ weight: 9, arbitrary: entry }, { weight: 2, arbitrary: line })

/** What locks look like that wrk, older tooling or somebody's editor wrote. */
const lock = pieces(
  `∅ ¦ locked_by:⏎locked_at:⏎ ¦ locked_by: ""⏎locked_at: ""⏎ ¦ locked_by: "me"⏎locked_at: "2026-02-16T19:30:05Z"⏎
  ¦ locked_by: 'me' # c⏎ ¦ locked_at: 2026-01-01 # locked_by: x⏎ ¦ locked_by: ~⏎ ¦ locked_by:   # nobody⏎
  ¦ locked_at:⏎  |-⏎  x⏎`,
)

const yaml = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(fc.array(part, { maxLength: 4 }), lock, fc.array(part, { maxLength: 2 }))
      .map(([above, middle, below]) => [...above, middle, ...below].join('')),
  },
  {
    weight: 1,
    arbitrary: pieces('{id: A, locked_by: x}⏎ ¦ {}⏎ ¦ [a]⏎ ¦ x⏎ ¦ ∅ ¦ - a⏎ ¦ "x"⏎ ¦ ␣␣id: A⏎  k: b⏎'),
  },
)

const body = mostly(
  '⏎body⏎',
  3,
  '∅ ¦ ⏎ ¦ ⏎---⏎ ¦ ⏎...⏎---⏎locked_by: x⏎ ¦ ⏎# Title⏎⏎---⏎⏎id: y⏎--- ¦ ␣␣⏎⏎ ¦ ⏎\0',
)

const lineEnds = fc.oneof(
  { weight: 8, arbitrary: fc.constant('\n') },
  { weight: 4, arbitrary: fc.constant('\r\n') },
  { weight: 2, arbitrary: fc.constant('mixed') },
  { weight: 1, arbitrary: fc.constant('\r') },
)

const mark = fc.oneof(
  { weight: 20, arbitrary: fc.constant('') },
  { weight: 5, arbitrary: fc.constant('\ufeff') },
  { weight: 1, arbitrary: fc.constantFrom('\n', ' ', '\ufeff\ufeff') },
)

/** All of a file as text. */
export const nastyFile: fc.Arbitrary<string> = fc
  .tuple(
    mark,
    mostly('---⏎', 30, '---␣⏎ ¦ ---⇥⏎ ¦ ----⏎ ¦ ---yaml⏎ ¦ --- # c⏎ ¦ ∅ ¦ ---'),
    yaml,
    mostly('---', 30, '---␣ ¦ ---⇥ ¦ ... ¦ ---- ¦ ␣--- ¦ ∅ ¦ ---x'),
    body,
    lineEnds,
  )
  .map(([first, open, inside, close, rest, ends]) => {
    const text = `${first}${open}${inside}${close}${rest}`
    if (ends === '\n') return text
    if (ends !== 'mixed') return text.replaceAll('\n', ends)
    // Which of them, is made up from where they are: the case must be the same each time.
    return text.replace(/\n/g, (end, at: number) => (at % 3 === 0 ? '\r\n' : end))
  })
