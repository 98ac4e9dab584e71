/** The rest of folder-names.test.ts: what takes too long for every run. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOfFileName } from '../../src/core/items/ids.ts'
import { tempFolder } from '../support/processes.ts'
import { found, listed, put, settle } from './folder-names.shared.ts'

test('whatever the names are, it finds what a listing shows, before and after any change', () => {
  const word = fc.constantFrom('WRK', 'wrk', 'Wrk', 'workspace-hub', 'W', 'A.B')
  const tail = fc.constantFrom('', '', '', '-gmsh', ' copy', '.bak', '_x')
  const number = fc.oneof(
    fc.nat(30).map(String),
    fc.nat(30).map(n => `0${n}`),
  )
  const folder = fc.constantFrom('', 'pending', 'archive', 'archive/2026-01', 'done')
  const file = fc
    .tuple(folder, word, number, tail)
    .map(([where, prefix, n, end]) => join(where, `${prefix}-${n}${end}.md`))
  fc.assert(
    fc.property(
      fc.array(file, { minLength: 1, maxLength: 30 }),
      fc.array(file, { maxLength: 5 }),
      fc.array(fc.nat(30), { maxLength: 5 }),
      (first, added, gone) => {
        const queue = tempFolder()
        const filler = Array.from({ length: 256 }, (_, i) => `X-${i}.md`)
        put(
          queue,
          ...['', 'pending', 'archive', 'archive/2026-01'].flatMap(at => filler.map(name => join(at, name))),
        )
        put(queue, ...first)
        settle(queue)
        const check = () => {
          // A sync tool's copy ("WRK-1 copy.md") is not an item: it must not be found as WRK-1.
          const keys = [...first, ...added].flatMap(path => keyOfFileName(path.split('/').at(-1)!) ?? [])
          for (const key of new Set(keys)) expect(found(queue, key)).toEqual(listed(queue, key))
        }
        check()
        put(queue, ...added)
        for (const i of gone) rmSync(join(queue, first[i % first.length]!), { force: true })
        check()
        rmSync(queue, { recursive: true })
      },
    ),
    { numRuns: 25 },
  )
})
