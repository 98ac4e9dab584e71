/** Splices into files that nobody should have written, and into real ones after accidents. See splice-check.ts. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FieldValue } from '../../src/markdown/edit/splice.ts'
import { readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { readWithGrayMatter } from '../../src/markdown/read/full.ts'
import { splitFrontmatter } from '../../src/markdown/split.ts'
import { mutatedBytes, realItems, shown } from './bytes.ts'
import { campaign, campaignOfFiles, NO_TIMEOUT, SPLICES, scaled } from './campaign.ts'
import { nastyFile } from './nasty.ts'
import { full, oldValue, readInAllWays, spliceAndCheck, type Tally } from './splice-check.ts'

const LOCK = { locked_by: 'claude-k3x9', locked_at: '2026-02-16T19:30:05Z' }
const CLEARED = { locked_by: '', locked_at: '' }

const odd = fc.constantFrom(
  ...[
    '',
    'x',
    'two words',
    'true',
    '7',
    '~',
    ': ',
    ' #',
    '#',
    '"',
    "'",
    '\\',
    '\n',
    '\r',
    '\t',
    '\0',
    '---',
    '...',
  ],
  ...[
    'é',
    '😀',
    '\ud800',
    '\u0085',
    '\u2028',
    '\ufeff',
    '[',
    '}',
    ',',
    '- ',
    '*a',
    '&a',
    '!',
    '%',
    'x'.repeat(3000),
  ],
)
const text = fc.array(odd, { maxLength: 3 }).map(parts => parts.join(''))
const field = fc.record({
  key: fc.constantFrom('locked_by', 'locked_at', 'status', 'title', 'k', 'new', 'related'),
  value: fc.oneof<fc.Arbitrary<FieldValue>[]>(
    text,
    fc.record({ word: text }),
    fc.array(text, { maxLength: 3 }).map(list => ({ list })),
  ),
})

interface Case {
  bytes: Buffer
  key: string
  value: FieldValue
}

function check({ bytes, key, value }: Case, tally: Tally): void {
  const before = readInAllWays(bytes)
  if (!before) {
    tally.refusedFiles++
    return
  }
  const splice = (from: Buffer, fields: Record<string, FieldValue>) => {
    const read = readFrontmatter(from, full)
    if (read.kind !== 'ok') throw new Error('what was spliced cannot be read')
    return spliceAndCheck(from, read, fields, tally)
  }
  const changed = spliceAndCheck(bytes, before, { [key]: value }, tally)
  const old = changed && oldValue(before, key, changed)
  if (changed && old !== null && !splice(changed, { [key]: old })?.equals(bytes))
    throw new Error('with its old value the file is not the old one')

  const locked = spliceAndCheck(bytes, before, LOCK, tally)
  if (!locked) return
  const cleared = splice(locked, CLEARED)
  if (!cleared) throw new Error('a lock cannot be cleared')
  if (!splice(cleared, LOCK)?.equals(locked)) throw new Error('a second claim is not like the first')
  const one = spliceAndCheck(bytes, before, { locked_by: LOCK.locked_by }, tally)
  const both = one && splice(one, { locked_at: LOCK.locked_at })
  if (both && !both.equals(locked)) throw new Error('both fields at once are not like one after the other')
}

async function splices(name: string, files: fc.Arbitrary<Buffer>, share: number): Promise<void> {
  const tally: Tally = { splices: 0, refusedFiles: 0, refusedSplices: 0, byFullReader: 0 }
  const wanted = Math.ceil(SPLICES * share)
  const cases = fc.tuple(files, field).map(([bytes, one]) => ({ bytes, ...one }))
  const show = ({ bytes, key, value }: Case) => `${shown(bytes)}, { ${key}: ${JSON.stringify(value)} }`
  await campaign(
    {
      name,
      cases,
      isDone: () => tally.splices >= wanted,
      show,
      tally: () =>
        `${tally.splices} splices, ${tally.byFullReader} of them where only the full reader is sure; ` +
        `${tally.refusedFiles} files and ${tally.refusedSplices} splices refused`,
    },
    one => check(one, tally),
  )
  expect(tally.splices).toBeGreaterThanOrEqual(wanted)
}

test(
  'nasty frontmatter',
  () =>
    splices(
      'nasty frontmatter',
      nastyFile.map(one => Buffer.from(one)),
      0.5,
    ),
  NO_TIMEOUT,
)

test(
  'nasty frontmatter after accidents',
  () => {
    const files = fc.array(
      nastyFile.map(one => Buffer.from(one)),
      { minLength: 1, maxLength: 2 },
    )
    const after = files.chain(texts => mutatedBytes(texts))
    return splices('nasty frontmatter after accidents', after, 0.2)
  },
  NO_TIMEOUT,
)

const items = realItems()
/** Accidents happen where they matter: in the frontmatter and at its end. */
const endOfFrontmatter = (bytes: Buffer) => {
  const split = splitFrontmatter(bytes)
  return split.kind === 'split' ? split.yamlEnd + 12 : bytes.length
}

test(
  'real items after accidents',
  () => splices('real items after accidents', mutatedBytes(items, endOfFrontmatter), 0.3),
  NO_TIMEOUT,
)

test(
  'gray-matter reads or refuses',
  async () => {
    const files = fc.oneof(
      nastyFile,
      mutatedBytes(items, endOfFrontmatter).map(bytes => bytes.toString('utf8')),
    )
    const wanted = scaled(2000)
    const name = 'gray-matter reads or refuses'
    await campaignOfFiles({ name, cases: files, isDone: cases => cases >= wanted }, async file => {
      const read = await readWithGrayMatter(file)
      if (read.kind === 'matter') return
      expect(read.error.message).not.toBe('')
      expect(read.error.line).toBeGreaterThanOrEqual(1)
      expect(read.error.column).toBeGreaterThanOrEqual(1)
    })
  },
  NO_TIMEOUT,
)
