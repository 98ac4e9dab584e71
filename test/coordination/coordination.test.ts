/** wrk coordination: setting an engine up, looking at it, and taking it out. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Clone, makeClones } from '../support/coordination/clones.ts'
import { git, POSTGRES_BIN, postgresServer } from '../support/coordination/servers.ts'

const wrkYaml = (clone: Clone): string => readFileSync(clone.path('wrk.yaml'), 'utf8')

test('setup tries the server and writes the setting, every other byte kept; off takes it out', async () => {
  const clones = await makeClones(['ann'])
  const [ann] = clones.all as [Clone]
  writeFileSync(ann.path('wrk.yaml'), '# ours\nttl: 3h\n')
  const set = await ann.wrk('coordination setup --json')
  expect(set).toMatchObject({ code: 0, json: { coordination: { engine: 'git', remote: 'origin' } } })
  expect(set.json.steps.map(({ step }: { step: string }) => step)).toEqual([
    'prepare',
    'create',
    'swap',
    'refuse a stale swap',
    'list',
    'tombstone',
    'remove',
  ])
  expect(wrkYaml(ann)).toBe(
    '# ours\nttl: 3h\n\ncoordination:\n  engine: git\n  remote: origin\n  offline: refuse\n',
  )
  // Nothing of the trial stays but the archive of the queue.
  expect(git(clones.bare, 'for-each-ref', '--format=%(refname)', 'refs/wrk').trim()).toBe(
    'refs/wrk/archive/%2Eclaude%2Fwork-queue/closed',
  )
  expect((await ann.wrk('claim WRK-1')).code).toBe(0)
  expect(await ann.wrk('coordination off')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('WRK-1'),
  })
  await ann.wrk('release WRK-1')
  expect((await ann.wrk('coordination off')).code).toBe(0)
  expect(wrkYaml(ann)).toBe('# ours\nttl: 3h\n')
})

test('a server that refuses the refs is named by its own words, and nothing is written', async () => {
  const clones = await makeClones(['ann'])
  const [ann] = clones.all as [Clone]
  const hook = join(clones.bare, 'hooks/update')
  writeFileSync(
    hook,
    '#!/bin/sh\ncase $1 in refs/wrk/*) echo "no refs but branches here" >&2; exit 1;; esac\n',
  )
  chmodSync(hook, 0o755)
  const before = wrkYaml(ann)
  const refused = await ann.wrk('coordination setup --offline local')
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('no refs but branches here') })
  expect(wrkYaml(ann)).toBe(before)
  // A policy is no lost race: the claim says so too.
  const claim = await ann.wrk('claim WRK-1')
  expect(claim).toMatchObject({ code: 74, stderr: expect.stringContaining('no refs but branches here') })
})

test('status shows what is held, what is still to be sent, and that the remote is away', async () => {
  const clones = await makeClones(['ann'])
  const [ann] = clones.all as [Clone]
  await ann.wrk('claim WRK-1')
  await ann.wrk('claim WRK-2')
  const { code, json } = await ann.wrk('coordination status --json')
  expect(code).toBe(0)
  expect(json.coordination).toMatchObject({
    reachable: true,
    claims: 2,
    queued: [],
    unpublished: [],
    unsettled: [],
  })
  expect(json.coordination.held.map(({ id }: { id: string }) => id)).toEqual(['WRK-1', 'WRK-2'])
  await clones.unreachable(async () => {
    await ann.wrk('release WRK-2')
    await ann.wrk('claim WRK-3 --local')
    const away = await ann.wrk('coordination status --json')
    expect(away).toMatchObject({
      code: 69,
      json: { ok: false, coordination: { reachable: false, queued: ['WRK-2'], unpublished: ['WRK-3'] } },
    })
  })
})

test('a queue without the setting says how to set it up', async () => {
  const clones = await makeClones(['ann'])
  const [ann] = clones.all as [Clone]
  writeFileSync(ann.path('wrk.yaml'), 'ttl: 3h\n')
  expect(await ann.wrk('coordination status')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('wrk coordination setup'),
  })
})

test.skipIf(POSTGRES_BIN === null)(
  'PostgreSQL decides between clones too, and its password is never shown',
  async () => {
    const { url } = await postgresServer()
    const clones = await makeClones(['ann', 'bob'])
    const [ann, bob] = clones.all as [Clone, Clone]
    const env = { WRK_TEST_URL: url }
    const set = await ann.wrk('coordination setup --engine postgres --remote WRK_TEST_URL', { env })
    expect(set).toMatchObject({ code: 0, stderr: '' })
    writeFileSync(bob.path('wrk.yaml'), wrkYaml(ann))
    expect((await ann.wrk('claim WRK-1', { env })).code).toBe(0)
    expect(await bob.wrk('claim WRK-1', { env })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('ann'),
    })
    expect((await bob.wrk('coordination status --json', { env })).json.coordination).toMatchObject({
      reachable: true,
      clock_difference_ms: expect.any(Number),
    })
    const away = await bob.wrk('claim WRK-2', { env: { WRK_TEST_URL: url.replace(/:\d+\//, ':1/') } })
    expect(away).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('cannot reach WRK_TEST_URL: connection refused'),
    })
    for (const { stdout, stderr } of [set, away]) expect(stdout + stderr).not.toContain('s3cret')
    expect((await bob.wrk('claim WRK-2')).stderr).toContain(
      'the environment variable WRK_TEST_URL is not set',
    )
  },
)
