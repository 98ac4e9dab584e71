/** Documents as a whole: the fast reader and gray-matter give the same, and no engine runs code. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readDocument } from '../../src/markdown/document.ts'
import { readWithGrayMatter } from '../../src/markdown/read/full.ts'
import { runs } from '../support/property-runs.ts'

const both = async (bytes: Buffer) => ({
  ours: await readDocument(bytes),
  theirs: await readWithGrayMatter(bytes.toString('utf8')),
})

test('of every document the data and the content are those that gray-matter gives', async () => {
  const value = fc.constantFrom(
    'a',
    '"b c"',
    '[x, y]',
    '12',
    'true',
    "'it''s'",
    '""',
    '&all [1]',
    '',
    '2026-01-02',
  )
  const field = fc.tuple(fc.constantFrom('id', 'title', 'list', 'at'), value).map(parts => parts.join(': '))
  const body = fc
    .array(fc.constantFrom('', '# Title', 'text', '---', '  ', '- [ ] ü', '\ttab'))
    .map(lines => lines.join('\n'))
  const file = fc.tuple(fc.uniqueArray(field, { selector: text => text.split(':')[0] }), body, fc.boolean())
  await fc.assert(
    fc.asyncProperty(file, async ([fields, text, crlf]) => {
      const source = `---\n${fields.map(line => `${line}\n`).join('')}---\n${text}`
      const { ours, theirs } = await both(Buffer.from(crlf ? source.replaceAll('\n', '\r\n') : source))
      if (theirs.kind === 'error') throw new Error(theirs.error.message)
      expect(ours).toEqual({ kind: 'document', data: theirs.data, content: theirs.content })
    }),
    { numRuns: runs(300) },
  )
})

test('of every item of the example queue they are the same, or both say that it cannot be read', async () => {
  const folder = join(import.meta.dirname, '../../fixtures/queue')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.md'),
  )
  expect(names.length).toBeGreaterThan(10)
  for (const name of names) {
    const { ours, theirs } = await both(readFileSync(join(folder, name)))
    if (ours.kind === 'error') continue
    if (theirs.kind === 'error') throw new Error(`${name}: ${theirs.error.message}`)
    expect({ name, ...ours }).toEqual({ name, kind: 'document', data: theirs.data, content: theirs.content })
  }
})

test.each(['js', 'javascript', 'coffee', 'json', 'cson'])(
  'a document in %s is refused, and nothing of it runs',
  async word => {
    const text = `---${word}\n{ a: (globalThis.ran = true) }\n---\nbody\n`
    expect(await readDocument(Buffer.from(text))).toMatchObject({ kind: 'error', error: { line: 1 } })
    expect(globalThis).not.toHaveProperty('ran')
  },
)
