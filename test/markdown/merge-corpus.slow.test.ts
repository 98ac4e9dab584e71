/** Pairs of real versions of one item, where WRK_CORPUS names a folder of them. */
import { expect, test } from 'vitest'
import { mergeItem } from '../../src/core/merges/merge-item.ts'
import { loadFullReader, readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { findPair, scalarText } from '../../src/markdown/scalar.ts'
import { CORPUS, corpus } from '../support/corpus.ts'

const full = await loadFullReader()

function field(bytes: Buffer, key: string): string | undefined {
  const found = readFrontmatter(bytes, full)
  return found.kind === 'ok' ? scalarText(findPair(found.map, key)?.value) : undefined
}

test.skipIf(CORPUS === null)('versions of one item merge into what its sides say, or into a conflict', () => {
  const byId = new Map<string, Buffer[]>()
  for (const { bytes } of corpus()) {
    const id = field(bytes, 'id')
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), bytes])
  }
  const ends = { merged: 0, conflict: 0, unreadable: 0, needsFull: 0 }
  for (const versions of byId.values())
    for (const [i, base] of versions.entries()) {
      for (const ours of versions.slice(0, 4)) {
        const same = mergeItem({ base, ours, theirs: base }, undefined, full)
        if ('bytes' in same) expect(same.bytes.equals(ours)).toBe(true)
        const theirs = versions[(i + 1) % versions.length]!
        const result = mergeItem({ base, ours, theirs }, undefined, full)
        ends[result.kind]++
        expect(mergeItem({ base, ours: theirs, theirs: ours }, undefined, full).kind).toBe(result.kind)
        if (result.kind !== 'merged') continue
        expect([field(ours, 'status'), field(theirs, 'status')]).toContain(field(result.bytes, 'status'))
        const known = new Set([base, ours, theirs].flatMap(one => one.toString('latin1').split('\n')))
        const foreign = result.bytes
          .toString('latin1')
          .split('\n')
          .filter(line => !known.has(line))
        expect(foreign.filter(line => !/^(?:\s*- |[\w-]+:(?: \[.*\]| "")?$)/.test(line.trimEnd()))).toEqual(
          [],
        )
      }
    }
  expect(ends.needsFull).toBe(0)
  expect(ends.merged).toBeGreaterThan(0)
  process.stdout.write(`merges of real versions: ${JSON.stringify(ends)}\n`)
})
