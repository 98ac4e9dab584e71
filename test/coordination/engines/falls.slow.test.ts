/**
 * How others fell who tried the same, each as a test. Those of a read that failed, of a policy taken for a lost race and
 * of a silent release are in clones.test.ts and coordination.test.ts; of one identity for a machine in hosts.slow.test.ts;
 * that a server refuses pushes which roll claims back in push.slow.test.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../../support/clock.ts'
import { type Clone, makeClones } from '../../support/coordination/clones.ts'
import { git } from '../../support/coordination/servers.ts'

const two = async (options = {}) => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

describe('clocks that are three hours apart', () => {
  test.each(['+3h', '-3h'])('(%s) take nothing from a holder who renewed in time', async ahead => {
    const { ann, bob } = await two({ settings: 'ttl: 4h\n' })
    expect((await ann.wrk('claim WRK-1', { env: { WRK_NOW: ahead } })).code).toBe(0)
    expect((await bob.wrk('claim WRK-1')).code).toBe(4)
    expect((await ann.wrk('heartbeat', { env: { WRK_NOW: ahead } })).code).toBe(0)
    expect((await bob.wrk('claim WRK-1')).code).toBe(4)
  })

  test('do not keep an item for ever: what this machine saw unchanged for the whole TTL gives way', async () => {
    const { ann, bob } = await two({ settings: 'ttl: 3s\n' })
    // By the holder's clock its claim is three hours young.
    expect((await ann.wrk('claim WRK-1', { env: { WRK_NOW: '+3h' } })).code).toBe(0)
    expect((await bob.wrk('claim WRK-1')).code).toBe(4)
    await until(
      'the TTL is over by this machine’s own clock',
      async () => (await bob.wrk('claim WRK-1')).code === 0,
    )
    expect((await ann.wrk('heartbeat --json')).json).toMatchObject({ superseded: [{ id: 'WRK-1' }] })
  })

  test('a renewal that is older than the TTL and the margin gives way at first sight', async () => {
    const { ann, bob } = await two({ settings: 'ttl: 2h\n' })
    const at = (WRK_NOW: string) => ({ env: { WRK_NOW } })
    expect((await ann.wrk('claim WRK-1', at('2026-02-16T08:00:00Z'))).code).toBe(0)
    // 2 h, and a quarter of them: others' clocks may differ by so much.
    expect(await bob.wrk('claim WRK-1', at('2026-02-16T10:29:00Z'))).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('free in 1m if silent'),
    })
    expect((await bob.wrk('claim WRK-1', at('2026-02-16T10:31:00Z'))).code).toBe(0)
  })
})

test('one ref for all claims is a livelock: each item has its own, so different items never meet', async () => {
  const { clones, ann, bob } = await two()
  const codes = await Promise.all([ann.wrk('claim WRK-1'), bob.wrk('claim WRK-2'), ann.wrk('claim WRK-3')])
  expect(codes.map(({ code }) => code)).toEqual([0, 0, 0])
  const refs = git(clones.bare, 'for-each-ref', '--format=%(refname:lstrip=-1)', 'refs/wrk/claims')
    .trim()
    .split('\n')
  expect(refs).toEqual(['wrk-1', 'wrk-2', 'wrk-3'])
})

test('nobody has to remember heartbeats: another call renews what is due', async () => {
  const { clones, ann } = await two({ settings: 'ttl: 4s\n' })
  await ann.wrk('claim WRK-1')
  await until('a call that is about something else has renewed the claim', async () => {
    await ann.wrk('claim WRK-2')
    return clones.history('wrk-1').includes('Renew WRK-1 (ann)')
  })
})

test('nobody keeps the claims of another session of the clone alive, which may be dead', async () => {
  const { clones, ann } = await two({ settings: 'ttl: 4s\n' })
  await ann.wrk('claim WRK-1')
  const begun = performance.now()
  await until('the claim of ann would be due', async () => {
    await ann.wrk('claim WRK-2', { session: 'eve' })
    return performance.now() - begun > 2_000
  })
  expect(clones.history('wrk-1')).toEqual(['Claim WRK-1 (ann)'])
})

test('a push with a plus rolls claims back: every push of wrk names what it replaces', async () => {
  const { ann, bob } = await two()
  await ann.wrk('where')
  const log = join(ann.home, 'trace')
  const env = { GIT_TRACE: log }
  const wrapper = join(ann.home, 'bin', 'git')
  const real = git(ann.home, '--exec-path').trim()
  // GIT_* is not passed on to the cache repository, so a git of our own keeps the arguments.
  writeFileSync(wrapper, `#!/bin/sh\nprintf '%s\\n' "$*" >>'${log}'\nexec '${real}/git' "$@"\n`, {
    mode: 0o755,
  })
  for (const words of ['claim WRK-1', 'heartbeat', 'release WRK-1', 'start WRK-2', 'done WRK-2'])
    expect((await ann.wrk(words, { env })).code, words).toBe(0)
  const pushes = readFileSync(log, 'utf8')
    .split('\n')
    .filter(line => / push /.test(line))
  expect(pushes.length).toBeGreaterThanOrEqual(5)
  for (const line of pushes) {
    const refspecs = line.split(' -- ')[1]!.split(' ').slice(1)
    expect(refspecs.some(one => one.startsWith('+'))).toBe(false)
    expect(line).not.toMatch(/ --force( |$)| -f |--mirror/)
    for (const one of refspecs)
      expect(line).toContain(`--force-with-lease=${one.slice(one.indexOf(':') + 1)}:`)
  }
  expect((await bob.wrk('claim WRK-1')).code).toBe(0)
})

test('a claim on a local branch is published by whoever pushes it: none is in the working repository', async () => {
  const { ann } = await two()
  const before = git(ann.top, 'for-each-ref')
  for (const words of ['claim WRK-1', 'heartbeat', 'release WRK-1']) await ann.wrk(words)
  expect(git(ann.top, 'for-each-ref')).toBe(before)
  expect(
    git(ann.top, 'status', '--porcelain')
      .trim()
      .split('\n')
      .filter(line => line.includes('.wrk')),
  ).toEqual([])
})

test('a URL in wrk.yaml that leads into the working tree, or starts a program, is refused', async () => {
  const { ann } = await two()
  git(ann.top, 'init', '--quiet', '--bare', 'evil.git')
  const hook = join(ann.top, 'evil.git/hooks/pre-receive')
  writeFileSync(hook, `#!/bin/sh\ntouch ${ann.home}/pwned\n`, { mode: 0o755 })
  for (const remote of [
    join(ann.top, 'evil.git'),
    `file://${ann.top}/evil.git`,
    './evil.git',
    'ext::sh -c date',
    '-u',
  ]) {
    writeFileSync(ann.path('wrk.yaml'), `coordination:\n  engine: git\n  remote: ${JSON.stringify(remote)}\n`)
    expect((await ann.wrk('claim WRK-1')).code, remote).toBe(2)
  }
})
