/** Two exported things do not share a name, so that a search for a word finds one thing. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '../../src')

/** Every command has a `configure`, every program a `main`: the file says which. */
const BY_CONVENTION = ['configure', 'main']

test('no name is exported by two files of src', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    // The board's page runs in a browser: a program of its own, with words of its own.
    name => name.endsWith('.ts') && !name.startsWith('board/page/'),
  )
  const byName = new Map<string, string[]>()
  for (const file of files) {
    const exported = readFileSync(join(src, file), 'utf8').matchAll(
      /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm,
    )
    for (const [, name] of exported) byName.set(name!, [...(byName.get(name!) ?? []), file])
  }
  for (const name of BY_CONVENTION) byName.delete(name)
  expect(byName.size).toBeGreaterThan(200)
  expect([...byName].filter(([, files]) => files.length > 1)).toEqual([])
})
