/** The working repository's settings are read by git once, and again as soon as any of them may have changed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Clone, makeClones } from '../../support/coordination/clones.ts'
import { bareRepository, git } from '../../support/coordination/servers.ts'

const claimsAt = (bare: string) =>
  git(bare, 'for-each-ref', '--format=%(refname:lstrip=-1)', 'refs/wrk/claims').trim()

test('a remote that leads elsewhere is followed at once, and a secret is kept nowhere', async () => {
  const { all, bare } = await makeClones(['ann'])
  const [ann] = all as [Clone]
  const kept = ann.path('.wrk/coordination/git-settings.json')
  await ann.wrk('claim WRK-1')
  expect(existsSync(kept)).toBe(true)
  await ann.wrk('claim WRK-2')
  expect(claimsAt(bare).split('\n')).toEqual(['wrk-1', 'wrk-2'])

  const other = bareRepository('other.git')
  git(ann.top, 'config', 'remote.origin.url', other)
  await ann.wrk('claim WRK-3')
  expect(claimsAt(other)).toContain('wrk-3')

  // By the user's own file, which git had not read before.
  git(ann.top, 'config', 'remote.origin.url', 'short:x')
  writeFileSync(
    join(ann.home, '.gitconfig'),
    `[url "${bare}"]\n\tinsteadOf = short:x\n[http]\n\textraHeader = s3cret\n`,
  )
  expect((await ann.wrk('release WRK-3')).code).toBe(0)
  git(ann.top, 'config', 'http.extraHeader', 'AUTHORIZATION: s3cret')
  await ann.wrk('release WRK-2')
  expect(readFileSync(kept, 'utf8')).not.toContain('s3cret')
})
