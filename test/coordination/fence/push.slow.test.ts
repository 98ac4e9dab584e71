/** What may leave a clone and what may come in: the hooks, the server's hook, and the check in CI. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../../support/clock.ts'
import { git } from '../../support/coordination/servers.ts'
import { FIRST, PROGRAM } from '../../support/program.ts'
import { takeFrom, two } from './push.shared.ts'

describe('with the hooks installed', () => {
  async function hooked(options = {}) {
    const found = await two(options)
    for (const clone of [found.ann, found.bob]) expect((await clone.wrk('hooks install')).code).toBe(0)
    return found
  }

  test('a commit says under which claims its items are changed, also the one that finishes', async () => {
    const { ann } = await hooked()
    await ann.wrk('claim WRK-1')
    await ann.commit('WRK-1', 'WRK-1: begin')
    const message = () => git(ann.top, 'log', '-1', '--format=%B')
    expect(message()).toContain('Wrk-Claim: WRK-1 epoch=1 by=ann')
    await ann.git('commit --amend --no-edit')
    expect(message().match(/Wrk-Claim/g)).toHaveLength(1)
    await ann.wrk('done WRK-1')
    await ann.git('add -A')
    await ann.git(['commit', '-m', 'WRK-1 is done'])
    expect(message()).toContain('Wrk-Claim: WRK-1 epoch=1 by=ann')
    // About no item: nothing is added.
    await ann.git(['commit', '--allow-empty', '-m', 'something else'])
    expect(message()).not.toContain('Wrk-Claim')
  })

  test('git push renews the claims first; with a lost one nothing is pushed', async () => {
    const { clones, ann, bob, mainAt } = await hooked()
    await ann.wrk('claim WRK-1')
    await ann.commit('WRK-1', 'WRK-1: begin')
    expect(await ann.git('push origin main')).toMatchObject({ code: 0 })
    expect(clones.history('wrk-1')).toEqual(['Claim WRK-1 (ann)', 'Renew WRK-1 (ann)'])
    await ann.commit('WRK-1', 'WRK-1: go on')
    await takeFrom(bob, 'WRK-1')
    const before = mainAt()
    expect(await ann.git('push origin main')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not pushed: WRK-1 was taken over by bob'),
    })
    // Also the next time, when the claim is known to be lost: the commit itself is against bob's claim.
    expect(await ann.git('push origin main')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/made under claim 1 of WRK-1; bob on \S+ has claimed it since \(2\)/),
    })
    expect(mainAt()).toBe(before)
  })

  test('a hook that was there before is called first, and reads what is pushed as well', async () => {
    const { ann } = await two()
    const hook = join(ann.top, '.git/hooks/pre-push')
    writeFileSync(hook, `#!/bin/sh\ncat >>${ann.home}/seen\n`, { mode: 0o755 })
    await ann.wrk('hooks install')
    await ann.git(['commit', '--allow-empty', '-m', 'x'])
    expect((await ann.git('push origin main')).code).toBe(0)
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(join(ann.home, 'seen'), 'utf8')).toMatch(
      /^refs\/heads\/main [0-9a-f]{40} refs\/heads\/main /,
    )
    expect((await ann.wrk('hooks uninstall')).code).toBe(0)
    expect(readFileSync(hook, 'utf8')).toContain('cat >>')
  })

  test('a claim in this clone only is warned about at the commit and refused at the push until it is published', async () => {
    const { ann, mainAt } = await hooked()
    await ann.wrk('claim WRK-1 --local')
    expect((await ann.commit('WRK-1', 'WRK-1: begin')).stderr).toContain(
      'WRK-1 is claimed in this clone only',
    )
    const before = mainAt()
    for (const refused of [await ann.git('push origin main'), await ann.wrk('push')])
      expect(refused.stderr).toContain('not pushed: WRK-1 is claimed in this clone only')
    expect(mainAt()).toBe(before)
    await ann.wrk('claim WRK-1')
    expect((await ann.wrk('push')).code).toBe(0)
  })

  test('without a network a push is refused once the time of a claim is over, and a commit as well', async () => {
    const { clones, ann } = await hooked({ settings: 'ttl: 4s\n' })
    await ann.wrk('claim WRK-1')
    await ann.commit('WRK-1', 'WRK-1: begin')
    await clones.unreachable(async () => {
      await until('the time is over', async () =>
        (await ann.commit('WRK-1', 'WRK-1: go on')).stderr.includes('the time of the claim on WRK-1 is over'),
      )
      expect(await ann.wrk('push')).toMatchObject({ code: expect.any(Number) })
    })
    // From here on no time is to run out, however slow the machine is.
    writeFileSync(ann.path('wrk.yaml'), 'coordination:\n  engine: git\n  remote: origin\n')
    expect(await ann.wrk('claim WRK-1')).toMatchObject({ code: 0 })
    expect(await ann.git(['commit', '-m', 'WRK-1: go on'])).toMatchObject({ code: 0 })
  })
})

describe('what may come in', () => {
  test('verify --coordination refuses commits that change or name what another holds, or were made under an old claim', async () => {
    const { ann, bob } = await two()
    await ann.wrk('hooks install')
    const range = ['verify', '--range', 'origin/main..HEAD', '--coordination', '--json']
    await ann.wrk('claim WRK-1')
    await ann.commit('WRK-1', 'WRK-1: begin')
    expect(await ann.wrk(range)).toMatchObject({ code: 0, json: { findings: [] } })
    // Bob has no hooks: his commits say nothing of claims.
    await bob.commit('WRK-1', 'something')
    await bob.git(['commit', '--allow-empty', '-m', 'about WRK-1'])
    const refused = await bob.wrk(range)
    expect(refused).toMatchObject({ code: 4, json: { error: { code: 'LOCKED' } } })
    expect(
      refused.json.findings.map(({ code, item }: { code: string; item: string }) => [code, item]),
    ).toEqual([
      ['claim-held', 'WRK-1'],
      ['claim-held', 'WRK-1'],
    ])
    await takeFrom(bob, 'WRK-1')
    expect((await ann.wrk(range)).json.findings).toMatchObject([{ code: 'claim-behind', item: 'WRK-1' }])
  })

  test('a server with verify --pre-receive refuses them itself, and pushes that roll claims back or delete held ones', async () => {
    const { clones, ann, bob, mainAt } = await two()
    const hook = join(clones.bare, 'hooks/pre-receive')
    writeFileSync(hook, `#!/bin/sh\nexec '${PROGRAM}' '${FIRST.join("' '")}' verify --pre-receive\n`)
    chmodSync(hook, 0o755)
    await ann.wrk('claim WRK-1')
    await bob.commit('WRK-1', 'something')
    const before = mainAt()
    const refused = await bob.git('push origin main')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/WRK-1 is held by ann on \S+/) })
    expect(mainAt()).toBe(before)
    const ref = git(clones.bare, 'for-each-ref', '--format=%(refname)', 'refs/wrk/claims').trim()
    const first = git(clones.bare, 'rev-parse', ref).trim()
    await ann.wrk('heartbeat')
    await bob.git(`fetch origin +${ref}:refs/tmp/claim`)
    for (const words of [
      `push origin +${first}:${ref}`,
      `push --force origin ${first}:${ref}`,
      `push origin :${ref}`,
    ])
      expect(await bob.git(words), words).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/roll it back|is held/),
      })
    // What follows the rules comes in: renewals, endings, branches with their claims.
    expect((await ann.wrk('heartbeat')).code).toBe(0)
    await ann.wrk('hooks install')
    await ann.commit('WRK-1', 'WRK-1: begin')
    expect((await ann.wrk('push')).code).toBe(0)
    expect((await ann.wrk('release WRK-1')).code).toBe(0)
    expect((await ann.wrk('coordination probe')).code).toBe(0)
  })
})
