/** What other clones hold, as list, show, status, next and watch say it. */
import { describe, expect, test } from 'vitest'
import { type Clone, makeClones } from '../support/coordination/clones.ts'

const two = async (options = {}) => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

type Listed = { id: string; elsewhere: { session_id: string } | null; scope: string | null }

describe('what another clone holds', () => {
  test('is in list and status: as the engine says it, and later as it was last seen, with its age', async () => {
    const { clones, ann, bob } = await two()
    await ann.wrk('claim WRK-1')
    const find = (items: Listed[]) => items.find(({ id }) => id === 'WRK-1')

    const unasked = await bob.wrk('list --json')
    expect(find(unasked.json.items)).toMatchObject({ elsewhere: null, scope: null })
    expect(unasked.json.coordination).toEqual({ engine: 'origin', as_of: null, age_s: null })

    const asked = await bob.wrk('list --remote --json')
    expect(find(asked.json.items)).toMatchObject({
      locked_by: null,
      elsewhere: {
        session_id: 'ann',
        host: expect.any(String),
        branch: 'main',
        liveness: 'unknown',
        epoch: 1,
      },
    })
    expect(asked.json.coordination.age_s).toBeLessThan(60)

    await clones.unreachable(async () => {
      const later = await bob.wrk('list --locked', { env: { WRK_NOW: '+5m' } })
      expect(later.stdout).toMatch(/WRK-1 .* ann on \S+ \(main\), 5m/)
      expect(later.stdout).not.toContain('WRK-2')
      expect(later.stdout).toMatch(/Claims of other clones: as of 5m.* ago\. Ask again: wrk list --remote/)
      const status = await bob.wrk('status --json')
      expect(status.json.elsewhere).toMatchObject([
        { id: 'WRK-1', title: expect.any(String), session_id: 'ann' },
      ])
      expect((await bob.wrk('status')).stdout).toMatch(/Held in other clones\n {2}WRK-1 .*held by ann on /)
      for (const words of ['list --remote', 'status --remote', 'show WRK-1 --remote'])
        expect(await bob.wrk(words), words).toMatchObject({
          code: 69,
          stderr: expect.stringMatching(/cannot reach origin: [\s\S]*leave out --remote/),
        })
    })
    await ann.wrk('release WRK-1')
    expect(find((await bob.wrk('list --remote --json')).json.items)?.elsewhere).toBeNull()
  })

  test('is not offered by next, nor tried by next --claim; what is free again is found by asking', async () => {
    const { ann, bob } = await two({ items: ['WRK-1', 'WRK-2'] })
    await ann.wrk('claim WRK-1')
    await bob.wrk('list --remote')
    expect((await bob.wrk('next --json')).json.item).toMatchObject({ id: 'WRK-2' })
    await ann.wrk('claim WRK-2')
    expect((await bob.wrk('next --claim')).code).toBe(1)
    await ann.wrk('release WRK-1')
    expect((await bob.wrk('next --claim --json')).json.item).toMatchObject({ id: 'WRK-1' })
  })
})

test('--remote in a queue that is not coordinated is a usage error that says how to set it up', async () => {
  const { ann } = await two()
  const { writeFileSync } = await import('node:fs')
  writeFileSync(ann.path('wrk.yaml'), 'ttl: 3h\n')
  for (const words of ['list --remote', 'status --remote', 'show WRK-1 --remote', 'watch --remote'])
    expect(await ann.wrk(words), words).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('wrk coordination setup'),
    })
})
