/** Hosts that lose their network in the middle of a claim: what they answer, and that nothing is lost or held twice. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { violations } from '../support/coordination/checker.ts'
import { type Clone, makeClones } from '../support/coordination/clones.ts'
import { haveNetworks, network } from '../support/coordination/networked-hosts.ts'
import { git } from '../support/coordination/servers.ts'

/** Ann's clone on the host alpha and Bob's on beta; the server is a third one. */
async function two(settings = '') {
  const clones = await makeClones(['ann', 'bob'], { settings })
  const [ann, bob] = clones.all as [Clone, Clone]
  const net = await network(dirname(clones.bare), ann.home)
  for (const { top } of [ann, bob]) git(top, 'config', 'remote.origin.url', net.url(clones.bare))
  const alpha = await net.host('alpha')
  const beta = await net.host('beta')
  return {
    clones,
    ann,
    alpha,
    beta,
    annWrk: (line: string) => alpha.wrk(ann, line),
    bobWrk: (line: string) => beta.wrk(bob, line),
  }
}

describe.skipIf(!haveNetworks())('a host whose network is cut', () => {
  test('before a claim: exit 69, nothing claimed; --local claims here, and is published once there is a network', async () => {
    const { alpha, ann, annWrk, bobWrk } = await two()
    expect(await annWrk('claim WRK-1')).toMatchObject({ code: 0 })
    alpha.cut()
    const refused = await annWrk('claim WRK-2')
    expect(refused).toMatchObject({ code: 69, stdout: '' })
    expect(refused.stderr).toMatch(/^wrk: WRK-2 was not claimed: cannot reach origin: /)
    expect(refused.stderr).toContain('wrk claim WRK-2 --local')
    expect(await annWrk('claim WRK-3 --local --json')).toMatchObject({
      code: 0,
      json: { coordination: { scope: 'local' } },
    })
    // What it holds for all, it keeps: others are refused, by name and host.
    expect(await bobWrk('claim WRK-1')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('ann'),
    })
    alpha.restore()
    expect(await annWrk('claim WRK-3 --json')).toMatchObject({ json: { coordination: { scope: 'shared' } } })
    expect(await bobWrk('claim WRK-3')).toMatchObject({ code: 4 })
    expect(await bobWrk('claim WRK-2')).toMatchObject({ code: 0 })
    expect(readFileSync(ann.path('pending/WRK-2.md'), 'utf8')).toContain('locked_by: ""')
  })

  test('while the server decides: exit 69 here; the claim that was made there is given back by the next command', async () => {
    const { clones, ann, alpha, annWrk, bobWrk } = await two()
    expect(await annWrk('coordination probe')).toMatchObject({ code: 0 })
    // The server stops between the pack and the ref, until it may go on.
    const [began, goOn] = ['began', 'go-on'].map(name => join(ann.home, name))
    const script = `#!/bin/sh\ntouch '${began}'\nwhile [ ! -e '${goOn}' ]; do sleep 0.05; done\n`
    writeFileSync(join(clones.bare, 'hooks/update'), script, { mode: 0o755 })
    const claiming = annWrk('claim WRK-1')
    await until('the server has the push', () => existsSync(began!))
    alpha.cut()
    writeFileSync(goOn!, '')
    const cut = await claiming
    expect(cut).toMatchObject({ code: 69, stdout: '' })
    expect(cut.stderr).toMatch(/^wrk: WRK-1 was not claimed: cannot reach origin: /)
    expect(readFileSync(ann.path('pending/WRK-1.md'), 'utf8')).toContain('locked_by: ""')
    await until('the server has made the claim', () =>
      git(clones.bare, 'for-each-ref', 'refs/wrk/claims').includes('wrk-1'),
    )
    expect(await bobWrk('claim WRK-1')).toMatchObject({ code: 4 })
    alpha.restore()
    expect(await annWrk('heartbeat')).toMatchObject({ code: 0 })
    expect(await bobWrk('claim WRK-1')).toMatchObject({ code: 0 })
    expect(clones.history('wrk-1')).toEqual(['Claim WRK-1 (ann)', 'Release WRK-1 (ann)', 'Claim WRK-1 (bob)'])
    expect(violations(clones.bare, [])).toEqual([])
  })

  test('for longer than its TTL: its claims expire here before another takes them over, and it learns who did', async () => {
    const { clones, alpha, annWrk, bobWrk } = await two('ttl: 8s\n')
    expect(await annWrk('claim WRK-1')).toMatchObject({ code: 0 })
    alpha.cut()
    // Bob counts by its own clock from when it first saw the claim.
    expect(await bobWrk('claim WRK-1')).toMatchObject({ code: 4 })
    await until('its time is over', async () =>
      /they have expired: stop working/.test((await annWrk('heartbeat')).stderr),
    )
    await until('another takes over', async () => (await bobWrk('claim WRK-1')).code === 0)
    alpha.restore()
    expect(await annWrk('heartbeat --json')).toMatchObject({
      code: 4,
      json: { superseded: [{ id: 'WRK-1', reason: expect.stringContaining('bob on beta') }] },
    })
    expect(await bobWrk('release WRK-1')).toMatchObject({ code: 0 })
    expect(violations(clones.bare, [])).toEqual([])
  })
})
