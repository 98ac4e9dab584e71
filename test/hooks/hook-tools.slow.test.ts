/**
 * Tools that take unstaged changes out of the tree while hooks run, and put them back afterwards: lint-staged as npm has
 * it, and pre-commit where it is installed.
 * While a hook runs, others claim, are refused, look, give heartbeats and renew: at no moment do two hold one item,
 * nobody's claim is lost afterwards, and nobody's commit fails by it.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/processes.ts'
import { FIRST, PROGRAM, ROOT } from '../support/program.ts'
import { makeRepository, type Repository } from '../support/repository.ts'

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const WRK = [PROGRAM, ...FIRST].map(quoted).join(' ')

const PRE_COMMIT = `#!/bin/bash
exec pre-commit hook-impl --config .git/pre-commit.yaml --hook-type pre-commit --hook-dir .git/hooks -- "$@"
`
const havePreCommit = spawnSync('pre-commit', ['--version']).status === 0
if (!havePreCommit) console.warn('SKIPPED: tests with pre-commit, which is not installed')

const LINT_STAGED = `#!/bin/bash
exec ${quoted(process.execPath)} ${quoted(join(ROOT, 'node_modules/lint-staged/bin/lint-staged.js'))} --config .git/lintstaged.json
`

/** What others do meanwhile, each line of what came of it: `SESSION EXIT ARGS`. */
const OTHERS: readonly (readonly [session: string, args: string])[] = [
  ['s2', 'claim WRK-1'],
  ['s1', 'heartbeat'],
  ['s2', 'list'],
  ['s2', 'doctor'],
  ['s2', 'next'],
  ['s3', 'claim WRK-2'],
  ['s3', 'claim WRK-1'],
]

/** A hook's task: others are at work, then it passes or fails. */
function task(repository: Repository, others: typeof OTHERS, code: number): string {
  const path = join(repository.top, '.git', 'task.sh')
  const seen = join(repository.top, '.git', 'seen')
  const calls = others.map(
    ([session, args]) =>
      `WRK_SESSION_ID=${session} ${WRK} ${args} >/dev/null 2>&1; echo "${session} $? ${args}" >>${quoted(seen)}`,
  )
  const tree = `cp ${quoted(join(repository.top, repository.path('WRK-1')))} ${quoted(join(repository.top, '.git', 'as-seen'))}`
  writeFileSync(path, `${tree}\n${calls.join('\n')}\nexit ${code}\n`)
  return path
}

/** pre-commit fails a commit under whose hooks any file changed, if only by a claim that was granted meanwhile. */
const TOOLS: [string, string, boolean, 'fails once' | 'goes on'][] = [
  ['lint-staged', LINT_STAGED, true, 'goes on'],
  ['pre-commit', PRE_COMMIT, havePreCommit, 'fails once'],
]

/** s1 holds WRK-1, whose text is staged without the lock; of the code a part is staged too. */
async function set(hook: string, others: typeof OTHERS, code: number) {
  const repository = await makeRepository()
  repository.write('code.js', 'one\n')
  repository.write('package.json', '{}\n')
  await repository.commitAll()
  repository.append('WRK-1')
  repository.append('code.js', 'two\n')
  await repository.git('add -A')
  expect((await repository.wrk('claim WRK-1', { session: 's1' })).code).toBe(0)
  repository.append('code.js', 'three\n')
  const script = task(repository, others, code)
  repository.write('.git/hooks/pre-commit', hook)
  chmodSync(join(repository.top, '.git/hooks/pre-commit'), 0o755)
  repository.write('.git/lintstaged.json', JSON.stringify({ '*.js': `bash ${script}`, '*.md': 'true' }))
  const hookOf = { id: 'task', name: 'task', entry: `bash ${script}`, language: 'system', files: 'code.js' }
  // What is JSON is YAML too.
  const settings = { repos: [{ repo: 'local', hooks: [{ ...hookOf, pass_filenames: false }] }] }
  repository.write('.git/pre-commit.yaml', JSON.stringify(settings))
  return { repository, env: { PRE_COMMIT_HOME: tempFolder() } }
}

const seenIn = (repository: Repository) =>
  readFileSync(join(repository.top, '.git', 'seen'), 'utf8')
    .trimEnd()
    .split('\n')

describe.each(TOOLS)('%s', (_, hook, isHere, whenGranted) => {
  test.skipIf(!isHere).each([
    ['passes', 0],
    ['fails', 1],
  ])('when the hook %s: others are refused meanwhile, and the claims remain afterwards', async (_, code) => {
    const { repository, env } = await set(hook, OTHERS, code)
    const held = repository.read('WRK-1')
    const commit = await repository.tryGit(['commit', '-q', '-m', 'code'], { session: 's1', env })
    const fails = code === 1 || whenGranted === 'fails once'
    expect([commit.code, commit.stderr]).toEqual([fails ? 1 : 0, expect.any(String)])
    if (code === 0 && fails) expect(commit.stderr).toContain('files were modified by this hook')
    // The lock was out of the tree while they asked, or nothing would be shown by this.
    expect(readFileSync(join(repository.top, '.git', 'as-seen'), 'utf8')).toContain('locked_by: ""')
    expect(seenIn(repository)).toEqual([
      's2 4 claim WRK-1',
      's1 0 heartbeat',
      's2 0 list',
      's2 1 doctor',
      's2 0 next',
      's3 0 claim WRK-2',
      's3 4 claim WRK-1',
    ])
    expect(repository.read('WRK-1')).toBe(held)
    expect(repository.read('code.js')).toBe('one\ntwo\nthree\n')
    const holders = (await repository.wrk('list --json', { session: 's9' })).json.items
    expect(holders).toMatchObject([
      { id: 'WRK-1', locked_by: 's1' },
      { id: 'WRK-2', locked_by: 's3' },
      { id: 'WRK-3', locked_by: null },
    ])
    for (const [id, session] of [
      ['WRK-1', 's1'],
      ['WRK-2', 's3'],
    ])
      expect((await repository.wrk(`release ${id} --json`, { session: session! })).json.released).toBe(true)
  })

  test.skipIf(!isHere)(
    'with a renewal, refused claims, looks and signs of life meanwhile the commit goes through, and no claim is lost',
    async () => {
      const others = OTHERS.filter(([, args]) => args !== 'claim WRK-2')
      const { repository, env } = await set(hook, [['s1', 'claim WRK-1'], ...others], 0)
      const commit = await repository.tryGit(['commit', '-q', '-m', 'code'], { session: 's1', env })
      expect([commit.code, commit.stderr]).toEqual([0, expect.any(String)])
      expect(seenIn(repository).slice(0, 3)).toEqual([
        's1 0 claim WRK-1',
        's2 4 claim WRK-1',
        's1 0 heartbeat',
      ])
      expect(repository.read('code.js')).toBe('one\ntwo\nthree\n')
      expect((await repository.wrk('claim WRK-1', { session: 's2' })).code).toBe(4)
      expect((await repository.wrk('release WRK-1 --json', { session: 's1' })).json.released).toBe(true)
    },
  )
})
