import { expect, test } from 'vitest'
import { loadFullReader, readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { CORPUS, corpus } from '../support/corpus.ts'
import { reference } from './helpers.ts'

const full = await loadFullReader()
const file = (yaml: string) => Buffer.from(`---\n${yaml}---\nbody\n`)

test('plain frontmatter needs no full reader', () => {
  expect(readFrontmatter(file('id: A\n'))).toMatchObject({
    kind: 'ok',
    certain: 'plain',
    map: { pairs: [{ key: 'id' }] },
  })
})
test('anything else asks for the full reader', () => {
  expect(readFrontmatter(file('id: |+\n  A\n'))).toEqual({ kind: 'needsFull' })
  expect(readFrontmatter(file('id: |+\n  A\n'), full)).toMatchObject({
    kind: 'ok',
    certain: 'full',
    duplicates: [],
  })
})
test('keys that stand twice are reported at their line in the file', () => {
  expect(readFrontmatter(file('id: A\nb: 1\n b: 2\n'), full)).toMatchObject({ kind: 'error' })
  expect(readFrontmatter(file('id: A\nb: 1\nid: B\n'), full)).toMatchObject({
    kind: 'ok',
    duplicates: [{ key: 'id', line: 4, column: 1 }],
  })
  expect(readFrontmatter(file('  id: A\n\n  b: 1\n\n  id: B\n'))).toMatchObject({
    duplicates: [{ key: 'id', line: 6, column: 3 }],
  })
  expect(readFrontmatter(file('id: |+\n  A\nb: 1\nid: B\n'), full)).toMatchObject({
    certain: 'full',
    duplicates: [{ key: 'id', line: 5, column: 1 }],
  })
})
test('with only some keys wanted, only those are reported that stand twice', () => {
  const twice = file('b: 1\nid: A\nb: 2\nid: B\n')
  expect(readFrontmatter(twice, undefined, true, new Set(['id']))).toMatchObject({
    duplicates: [{ key: 'id', line: 5, column: 1 }],
  })
})
test('a file may end with its closing fence', () => {
  expect(readFrontmatter(Buffer.from('---\nid: A\n---'))).toMatchObject({ kind: 'ok' })
})
test('an error carries its reason and its place in the file', () => {
  expect(readFrontmatter(file('a: 1\nb: c: d\n'), full)).toMatchObject({
    kind: 'error',
    error: { reason: 'yaml', line: 3, column: 4 },
  })
  expect(readFrontmatter(file('- a\n'), full)).toMatchObject({
    kind: 'error',
    error: { reason: 'yaml', line: 2, column: 1 },
  })
  expect(readFrontmatter(Buffer.from('# Title\n'))).toMatchObject({
    kind: 'error',
    error: { reason: 'none', line: 1 },
  })
})
test('a head without the closing fence is unclosed', () => {
  const bytes = file('id: A\n')
  expect(readFrontmatter(bytes.subarray(0, 13), undefined, false)).toMatchObject({
    error: { reason: 'unclosed' },
  })
})

const files = corpus()
test.skipIf(CORPUS === null)('every real file that YAML allows is read', () => {
  for (const { path, bytes } of files) {
    const result = readFrontmatter(bytes, full)
    if (result.kind === 'ok') {
      if (result.duplicates.length === 0) expect(reference(result.split.yaml), path).toBeDefined()
    } else
      expect(result, path).toMatchObject({
        error: { reason: expect.stringMatching(/^(none|encoding|empty|yaml)$/) },
      })
  }
})
