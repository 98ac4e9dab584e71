/** The rest of next.test.ts: what takes too long for every run. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../../support/items.ts'
import { FIRST, PROGRAM } from '../../support/program.ts'
import type { Json } from '../../support/result.ts'
import { registry } from '../../support/sessions.ts'
import { together } from '../../support/together.ts'
import { expectDifferentItems, queueOf, ready } from './next.shared.ts'

describe('what is not ready', () => {
  test.each([
    'blocked_by',
    'blocked-by',
    'blockedBy',
    'depends_on',
    'depends-on',
    'dependsOn',
    'dependencies',
  ])('is what waits by %s for an item that is open', async key => {
    for (const form of ['WRK-2', '"2"', '[WRK-2]', '\n  - WRK-3\n  - WRK-2', 'WRK-3, WRK-2']) {
      const queue = queueOf(
        { 'WRK-1': { priority: 'high', [key]: form }, 'WRK-2': {} },
        { 'done/WRK-3.md': item('WRK-3', { status: 'done' }) },
      )
      expect(await ready(queue)).toEqual(['WRK-2'])
      queue.write('WRK-2', item('WRK-2', { status: 'archived' }))
      expect(await ready(queue)).toEqual(['WRK-1'])
    }
  })

  test.each(['computer', 'machine', 'machines', 'execution_workstations'])(
    'is by %s for other machines',
    async key => {
      const on = (value: string) => queueOf({ 'WRK-1': { [key]: value } })
      for (const value of ['devbox', '[other, DEVBOX]', 'any', '[]', '""'])
        expect(await ready(on(value))).toEqual(['WRK-1'])
      expect(await ready(on('other'))).toEqual([])
      expect(await ready(on('other'), { WRK_MACHINE: 'devbox, other' })).toEqual(['WRK-1'])
    },
  )
})

describe('next --claim', () => {
  test('16 processes that go on until nothing is left get 100 different items, and none is left', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `WRK-${i + 1}`)
    const queue = queueOf(
      Object.fromEntries(ids.map((id, i) => [id, { priority: ['high', 'medium', 'low'][i % 3]! }])),
      { 'session-state.yaml': registry([]) },
    )
    const folder = join(queue.home, 'loop.cjs')
    // Each is one process at a time; all begin at the same instant.
    writeFileSync(
      folder,
      `const { spawnSync } = require('node:child_process')
delete process.env.NODE_OPTIONS
for (;;) {
  const [program, ...first] = JSON.parse(process.env.COMMAND)
  const { status, stdout, stderr } = spawnSync(program, [...first, 'next', '--claim', '--json'], { encoding: 'utf8' })
  if (stderr) process.stderr.write(stderr)
  if (status !== 0) { process.stdout.write(JSON.stringify({ end: { status, stdout } }) + '\\n'); break }
  process.stdout.write(stdout)
}
`,
    )
    const COMMAND = JSON.stringify([PROGRAM, ...FIRST])
    const results = await together(
      Array.from({ length: 16 }, (_, i) => ({ args: [], session: `racer-${i}`, env: { COMMAND } })),
      { queue, script: folder },
    )
    const lines: Json[] = results.flatMap(({ stdout }) =>
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    )
    const claimed = lines.flatMap(line => (line.item ? [line] : []))
    // Who takes a second one is warned of the first, and nobody is warned of anything else.
    for (const line of results.flatMap(({ stderr }) => stderr.split('\n').slice(0, -1)))
      expect(line).toMatch(/^wrk: warning: you already hold WRK-/)
    expect(claimed.map(({ item }) => item.id).sort()).toEqual([...ids].sort())
    // Nobody was refused while work was left: who ended found nothing, and said so.
    const ends = lines.flatMap(line => line.end ?? [])
    expect(ends).toHaveLength(16)
    for (const { status, stdout } of ends) {
      expect(status).toBe(1)
      expect(JSON.parse(stdout)).toMatchObject({ item: null, error: { code: 'NOT_FOUND' } })
    }
    for (const { item, lock } of claimed) expect(queue.lock(item.id).by).toBe(lock.locked_by)
    expect(queue.events().filter(({ type }) => type === 'granted')).toHaveLength(100)
    expect(queue.leftovers()).toEqual([])
  }, 240_000)

  test('16 processes at the same instant on 100 items get 16 different ones', () =>
    expectDifferentItems(16, 100))
})
