/** The line by which Claude Code gives its shells the session. Pure. */

/**
 * What to append to `$CLAUDE_ENV_FILE`; its lines run before every command of the agent's shell
 * (https://code.claude.com/docs/en/hooks#persist-environment-variables). The file is given again at every resume,
 * clear and compact, so nothing is added when the last word in it is the same already.
 *
 * The shell's own CLAUDE_CODE_SESSION_ID goes first: after /clear and /resume the lines of the former session have
 * been seen to stay in force (anthropics/claude-code#37729, #24775), and an ended session would claim.
 * @returns null when there is nothing to add
 */
export function environmentLine(present: string, session: string): string | null {
  const line = `export WRK_SESSION_ID='${session}'; WRK_SESSION_ID=\${CLAUDE_CODE_SESSION_ID:-$WRK_SESSION_ID}`
  const last = present
    .split('\n')
    .filter(text => /\bWRK_SESSION_ID=/.test(text))
    .at(-1)
  if (last === line) return null
  return `${present === '' || present.endsWith('\n') ? '' : '\n'}${line}\n`
}
