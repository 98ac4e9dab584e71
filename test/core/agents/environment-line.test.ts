/** The line that gives Claude Code's shells the session. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { environmentLine } from '../../../src/core/agents/environment-line.ts'

const line = `export WRK_SESSION_ID='s-1'; WRK_SESSION_ID=\${CLAUDE_CODE_SESSION_ID:-$WRK_SESSION_ID}\n`

test('gives commands the session of the shell, or else the one of the line', () => {
  const answer = (env: Record<string, string>) =>
    execFileSync('sh', ['-c', `${environmentLine('', 's-1')}sh -c 'printf %s "$WRK_SESSION_ID"'`], {
      env: { PATH: process.env.PATH, ...env },
    }).toString()
  expect(answer({ WRK_SESSION_ID: 'other' })).toBe('s-1')
  expect(answer({ CLAUDE_CODE_SESSION_ID: 's-2' })).toBe('s-2')
})

test.each([
  ['an empty file', '', line],
  ['a file with other variables', 'export A=1\n', line],
  ['a file whose last line is not ended', 'export A=1', `\n${line}`],
  ['a file that has it as its last word', `${line}export A=1\nexport MY_WRK_SESSION_ID=x\n`, null],
  ['a file that says another session since', line + environmentLine(line, 's-2'), line],
])('to %s', (_, present, added) => {
  expect(environmentLine(present, 's-1')).toBe(added)
})
