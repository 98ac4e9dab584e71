/** Which shell commands commit past the hooks, and which only look like it. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hooklessCommits } from '../../../src/core/hooks/hookless-commit.ts'
import { simpleCommands } from '../../../src/core/shell.ts'
import { runs } from '../../support/property-runs.ts'

describe('goes past the hooks:', () => {
  test.each([
    ['git commit --no-verify -m x', []],
    ['git commit -m x --no-verify', []],
    ['git commit -nm "a message"', []],
    ['git commit -anm msg', []],
    ['git commit -an -m msg', []],
    ['git -C sub commit -n', ['sub']],
    ['git -C a -C b --no-pager commit -n', ['a', 'b']],
    ['cd /repo && git add . && git commit -n -m x', ['/repo']],
    ['(cd sub; git commit -n)', ['sub']],
    ['git add .\ngit commit \\\n  --no-verify \\\n  -m x', []],
    ['git commit --no-verif -m x', []],
    ['HUSKY=0 git commit -n', []],
    ['env -i sudo git commit -n', []],
    ['if true; then git commit -n; fi', []],
    ['/usr/bin/git commit -n', []],
    ['git -c core.hooksPath=/dev/null commit -m x', []],
    ['git -c CORE.HOOKSPATH= commit', []],
    ["bash -c 'git commit -n'", []],
    ['cd a && sh -lc "cd b && git commit --no-verify"', ['a', 'b']],
    ["eval 'git commit -n'", []],
    ['x=$(git commit -n)', []],
    ['echo "$(git commit -n)"', []],
    ['echo `git commit -n`', []],
    ["git commit --no-verify -m \"$(cat <<'EOF'\nIt's (done)\nEOF\n)\"", []],
    ["git commit -m \"$(cat <<'EOF'\nIt's (done\nEOF\n)\" --no-verify", []],
    ['git commit >out 2>&1 -n', []],
    ['git commit -F <(echo x) -n', []],
    ["git commit -F <(cat <<'EOF'\nIt's (done\nEOF\n) --no-verify", []],
    ['git commit -F <(git commit -n)', []],
    ['true & git commit -n', []],
    ['\'git\' commit "-n"', []],
    ['git commit --verify --no-verify', []],
    ['git commit -n # why not', []],
    ['git commit -nF file -m x', []],
    ['git commit -nm --verify', []],
    ['git commit -n notes/x.md --allow-empty', []],
    ['git commit -n - x', []],
    ['git commit --no-veri', []],
    ['git.exe commit -n', []],
    ['git --git-dir g --work-tree w --namespace n --super-prefix p commit -n', []],
    ['git -c core.hooksPath=/dev/null commit --verify', []],
    ['git --config-env core.hooksPath=EMPTY commit', []],
    ['git --config-env=core.hooksPath=EMPTY commit', []],
    ['cd && cd - && cd a b && git commit -n', []],
    ['sh -ec "git commit -n"', []],
    ['bash --rcfile f -c "git commit -n"', []],
    ['bash -o pipefail -c "git commit -n"', []],
    ['bash -ce "git commit -n"', []],
    ['bash -c -e -- "git commit -n"', []],
    ['eval git commit -n', []],
    ['eval eval eval git commit -n', []],
  ])('%s', (line, folders) => {
    expect(hooklessCommits(line)).toMatchObject([{ folders }])
  })
})

describe('does not go past the hooks:', () => {
  test.each([
    'git commit -m "do not use --no-verify"',
    "git commit -m 'x -n' --author 'n <n@n>'",
    'git commit -m -n',
    'git commit -m--no-verify',
    'git commit -am n',
    'git commit -mn',
    'git commit -F -n',
    'git commit --message --no-verify',
    'git commit --no-verify --verify',
    'git commit --no-verify --veri',
    'git commit --no-verify --verif',
    'git commit -nuF --verify',
    'git commit -nmF --verify',
    'git commit -n --verify "a message"',
    'git commit --no-verbose',
    'git commit --no-ver',
    'git commit -- -n',
    'git commit -S-n -un',
    'git log -n 3 --grep commit',
    'git push --no-verify origin commit',
    'git merge -n commit',
    'echo git commit -n',
    'echo "git commit -n"',
    "grep 'git commit --no-verify' README.md",
    '# git commit -n',
    'cat <<EOF\ngit commit -n\nEOF',
    "cat > x.sh <<'END'\ngit commit --no-verify\nEND\ngit commit -m x",
    'cat <<-EOF\n\tgit commit -n\n\tEOF',
    'git commit -m "$(cat <<\'EOF\'\nSay no to git commit -n\nEOF\n)"',
    'git commit-tree -n',
    'git -c user.name=n commit -m x',
    'git -c x.core.hooksPath=/dev/null commit',
    'git -C core.hooksPath=/dev/null commit',
    'git -C -n commit',
    "git -c 'alias.x=-c core.hooksPath=' commit",
    'git commit > -n',
    "git commit -m $'it\\'s -n'",
    'ls; make commit',
    'git --version; git commit',
    'hg commit -n',
    'a-tool git commit -n',
    './a=b git commit -n',
    "sh 'git commit -n'",
    "sh a-c 'git commit -n'",
    "publish -c 'git commit -n'",
    "shfmt -c 'git commit -n'",
    '',
  ])('%s', line => {
    expect(hooklessCommits(line)).toEqual([])
  })
})

test.each([
  ['git commit -anm x', '-anm'],
  ['git commit --no-verif', '--no-verif'],
  ['git -c core.hooksPath= commit -n', '-c core.hooksPath='],
  ['git --config-env core.hooksPath=X commit', '--config-env core.hooksPath=X'],
  ['git --config-env=core.hooksPath=X commit', '--config-env=core.hooksPath=X'],
])('what turns the hooks off is given as it was written: %s', (line, by) => {
  expect(hooklessCommits(line)).toMatchObject([{ by }])
})

test('any text is taken apart without an error, in little time', () => {
  const piece = fc.constantFrom(
    'git commit ',
    '-n',
    '"',
    "'",
    '`',
    '$(',
    ')',
    '(',
    '\\',
    '\n',
    '<<E',
    '<<',
    '#',
    '$',
    '{',
    ';',
    '&',
    '>',
    'E',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), pieces => {
      expect(
        simpleCommands(pieces.join(''))
          .flat()
          .every(word => typeof word === 'string'),
      ).toBe(true)
    }),
    { numRuns: runs(3000) },
  )
  const started = performance.now()
  for (const piece of ['$(', '`', '"$(', '(', "'", '<<E\n'])
    hooklessCommits(`git commit ${piece.repeat(30_000)}`)
  hooklessCommits(`${'eval '.repeat(15_000)}git commit`)
  expect(performance.now() - started).toBeLessThan(5_000)
})
