/**
 * Tools that take unstaged changes out of the tree while hooks run, and put them back afterwards: lint-staged as npm has
 * it, and the steps of the `pre-commit` package (pre_commit/staged_files_only.py), for which there is no npm package.
 * While a hook runs, others claim, are refused, look, give signs of life and renew: at no moment do two hold one item,
 * nobody's claim is lost afterwards, and nobody's commit fails by it.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FIRST, PROGRAM, ROOT } from '../support/program.ts'
import { makeRepository, type Repository } from '../support/repository.ts'

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const WRK = [PROGRAM, ...FIRST].map(quoted).join(' ')

/** The unstaged changes as a patch, the index checked out, the hook, the patch applied again. */
const PRE_COMMIT = `#!/bin/bash
patch=$(git rev-parse --absolute-git-dir)/unstaged.patch
tree=$(git write-tree)
if git diff-index --ignore-submodules --binary --exit-code --no-color --no-ext-diff "$tree" -- >"$patch"
then exec bash "$HOOK_TASK"; fi
git -c submodule.recurse=0 checkout -q -- .
bash "$HOOK_TASK"; code=$?
if ! git apply --whitespace=nowarn "$patch"; then
  echo 'Stashed changes conflicted with hook auto-fixes... Rolling back fixes...' >&2
  git -c submodule.recurse=0 checkout -q -- .
  git apply --whitespace=nowarn "$patch" || exit 3
fi
exit $code
`

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

const TOOLS: [string, string][] = [
  ['lint-staged', LINT_STAGED],
  ['pre-commit', PRE_COMMIT],
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
  return { repository, env: { HOOK_TASK: script } }
}

const seenIn = (repository: Repository) =>
  readFileSync(join(repository.top, '.git', 'seen'), 'utf8')
    .trimEnd()
    .split('\n')

describe.each(TOOLS)('%s', (_, hook) => {
  test.each([
    ['passes', 0],
    ['fails', 1],
  ])('when the hook %s: others are refused meanwhile, and the claims stand afterwards', async (_, code) => {
    const { repository, env } = await set(hook, OTHERS, code)
    const held = repository.read('WRK-1')
    const commit = await repository.tryGit(['commit', '-q', '-m', 'code'], { session: 's1', env })
    expect([commit.code, commit.stderr]).toEqual([code, expect.any(String)])
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

  test('with a renewal meanwhile the commit goes through all the same, and nobody’s claim is lost', async () => {
    const { repository, env } = await set(
      hook,
      [
        ['s1', 'claim WRK-1'],
        ['s2', 'claim WRK-1'],
      ],
      0,
    )
    const commit = await repository.tryGit(['commit', '-q', '-m', 'code'], { session: 's1', env })
    expect([commit.code, commit.stderr]).toEqual([0, expect.any(String)])
    expect(seenIn(repository)).toEqual(['s1 0 claim WRK-1', 's2 4 claim WRK-1'])
    expect(repository.read('code.js')).toBe('one\ntwo\nthree\n')
    expect((await repository.wrk('claim WRK-1', { session: 's2' })).code).toBe(4)
    expect((await repository.wrk('release WRK-1 --json', { session: 's1' })).json.released).toBe(true)
  })
})
