/** Reads what `git push --porcelain` said. By its flags; the words of a refusal differ from version to version. */

interface PushLine {
  flag: string
  to: string
  /** `[rejected] (stale info)` */
  summary: string
}

/** The lines about refs: `FLAG TAB FROM:TO TAB SUMMARY`. */
export function readPushLines(stdout: string): PushLine[] {
  return stdout.split('\n').flatMap(line => {
    const parts = /^([ +\-*!=])\t([^\t]*):([^\t]+)\t(.*)$/.exec(line)
    return parts ? [{ flag: parts[1]!, to: parts[3]!, summary: parts[4]! }] : []
  })
}

export type PushAnswer =
  | { kind: 'applied' }
  /** Nothing was sent and nothing was checked: the ref is what it was to become, or was when git looked. */
  | { kind: 'upToDate' }
  | { kind: 'rejected'; reason: string }
  | { kind: 'unknown' }

/** What a push's end means for one ref. Only exit 0 with a line for the ref is success. */
export function answerFor(ref: string, code: number | null, stdout: string, stderr: string): PushAnswer {
  const line = readPushLines(stdout).find(({ to }) => to === ref)
  if (line?.flag === '!') return { kind: 'rejected', reason: reasonOf(line, stderr) }
  if (code !== 0 || !line) return { kind: 'unknown' }
  return line.flag === '=' ? { kind: 'upToDate' } : { kind: 'applied' }
}

/** The server's own words where it said some, else git's. */
function reasonOf({ summary }: PushLine, stderr: string): string {
  const remote = stderr
    .split('\n')
    .filter(line => line.startsWith('remote:'))
    .map(line => line.slice('remote:'.length).trim())
    .filter(line => line !== '')
  const short = /\(([^)]*)\)$/.exec(summary)?.[1] ?? summary
  return withoutCredentials(remote.length > 0 ? `${remote.slice(0, 4).join(' ')} (${short})` : short)
}

/** Text by git or a server that may show a URL: without the user and password in it. */
export function withoutCredentials(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/gi, '$1')
}

/** Why git could not do it, in one line: its `fatal:` or `error:` line, else its last. */
export function whyGitFailed(stderr: string): string {
  const lines = stderr.split('\n').filter(line => line.trim() !== '')
  const line =
    lines.find(one => /^fatal: /.test(one) && !/Could not read from remote/.test(one)) ??
    lines.find(one => /^(error|ssh): |^ssh|: (Permission|Connection|Could not)/.test(one)) ??
    lines.findLast(one => !/^(Please make sure|and the repository exists)/.test(one)) ??
    'git gave no reason'
  return withoutCredentials(line.replace(/^(fatal|error): /, '').trim())
}
