/** Which shell commands commit past the hooks, and which only look like it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hooklessCommits } from '../../src/core/hookless-commit.ts'
import { simpleCommands } from '../../src/core/shell.ts'

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
    'git commit > -n',
    "git commit -m $'it\\'s -n'",
    'ls; make commit',
    '',
  ])('%s', line => {
    expect(hooklessCommits(line)).toEqual([])
  })
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
    { numRuns: 3000 },
  )
  const started = performance.now()
  for (const piece of ['$(', '`', '"$(', '(', "'", '<<E\n'])
    hooklessCommits(`git commit ${piece.repeat(30_000)}`)
  expect(performance.now() - started).toBeLessThan(5_000)
})
