/** What a range of commits changed below a folder. Two processes, whatever the number of commits. */
import { WrkError } from '../../core/errors.ts'
import { type GitResult, git } from './git.ts'
import { pathspecOf } from './repository.ts'

export interface RangeCommit {
  commit: string
  parents: readonly string[]
  /** When it was committed, in milliseconds. */
  time: number
  changes: CommitChange[]
}

export interface CommitChange {
  path: string
  /** The blobs of each parent, null where there was no file; of a merge, the file differs from all of them. */
  before: readonly (string | null)[]
  after: string | null
}

/** A range as it was asked for, as commits. `base`: where both have parted; null when they have nothing in common. */
export interface CommitRange {
  target: string | null
  tip: string
  base: string | null
}

/** Reads `A..B` or `A...B`; A of zeros alone, as hooks of a server have it, is nothing. @throws WrkError USAGE, NOT_FOUND, IO */
export function parseRange(cwd: string, text: string): CommitRange {
  const [, from, to] = /^(.*?[^.])\.{2,3}([^.].*)$/.exec(text) ?? []
  if (!from || !to || from.startsWith('-') || to.startsWith('-'))
    throw new WrkError('USAGE', `--range takes two revisions, such as origin/main..HEAD`)
  const tip = commitOf(cwd, to)
  if (/^0+$/.test(from)) return { target: null, tip, base: null }
  const target = commitOf(cwd, from)
  const base = ask(cwd, ['merge-base', target, tip])
  if (base.code !== 0 && words(ask(cwd, ['rev-parse', '--is-shallow-repository']))[0] === 'true')
    throw new WrkError('NOT_FOUND', 'this clone is too shallow: the common ancestor is missing', {
      hint: 'Fetch all of the history (git fetch --unshallow; fetch-depth: 0; GIT_DEPTH: 0).',
    })
  return { target, tip, base: words(base)[0] ?? null }
}

function commitOf(cwd: string, name: string): string {
  const found = ask(cwd, ['rev-parse', '--quiet', '--verify', '--end-of-options', `${name}^{commit}`])
  const [commit] = words(found)
  if (found.code === 0 && commit) return commit
  throw new WrkError('NOT_FOUND', `no commit ${name} here`, {
    hint: `Fetch it first: git fetch origin`,
  })
}

/**
 * The commits of a range, parents before children, with what each changed below some folders.
 * @param without what else they are not: `--not --all`
 * @throws WrkError IO
 */
export function rangeCommits(
  cwd: string,
  { target, tip }: CommitRange,
  folders: readonly string[],
  without: readonly string[] = [],
): RangeCommit[] {
  const list = ['rev-list', '--topo-order', '--reverse', '--parents', '--timestamp', tip, ...without]
  const commits = checked('rev-list', ask(cwd, target === null ? list : [...list, `^${target}`]))
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const [time, commit, ...parents] = line.split(' ')
      return { commit: commit!, parents, time: Number(time) * 1000, changes: [] as CommitChange[] }
    })
  if (commits.length === 0) return []
  const byName = new Map(commits.map(one => [one.commit, one]))
  const args = [
    'diff-tree',
    '--stdin',
    '-r',
    '-c',
    '--root',
    '-z',
    '--raw',
    '--no-abbrev',
    '--no-renames',
    '--',
  ]
  const input = commits.map(({ commit }) => `${commit}\n`).join('')
  const output = checked(
    'diff-tree',
    git(cwd, [...args, ...folders.map(pathspecOf)], { scope: 'caller', input }),
  )
  addChanges(output.toString('utf8').split('\0'), byName)
  return commits
}

/** The messages of some commits. One process. @throws WrkError IO */
export function commitMessages(cwd: string, commits: readonly string[]): Map<string, string> {
  if (commits.length === 0) return new Map()
  const args = ['log', '--no-walk=unsorted', '--format=%H%x00%B%x01', '--stdin']
  const input = commits.map(commit => `${commit}\n`).join('')
  const output = checked('log', git(cwd, args, { scope: 'caller', input })).toString('utf8')
  return new Map(
    output.split('\x01').flatMap(entry => {
      const [commit, message] = entry.replace(/^\n/, '').split('\0')
      return commit && message !== undefined ? [[commit, message] as const] : []
    }),
  )
}

/** `:MODE MODE BLOB BLOB LETTER`, with one colon, mode and blob more for each further parent; then the path. */
function addChanges(parts: readonly string[], commits: ReadonlyMap<string, RangeCommit>): void {
  let current: RangeCommit | undefined
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    const colons = /^:+/.exec(part)?.[0].length ?? 0
    if (colons === 0) {
      current = commits.get(part.trim()) ?? current
      continue
    }
    const fields = part.slice(colons).split(' ')
    const modes = fields.slice(0, colons + 1)
    const blobs = fields
      .slice(colons + 1, 2 * colons + 2)
      .map((blob, n) => (modes[n]!.startsWith('100') ? blob : null))
    current?.changes.push({ path: parts[++i]!, before: blobs.slice(0, -1), after: blobs.at(-1)! })
  }
}

function words({ stdout }: GitResult): string[] {
  return stdout.toString('utf8').trim().split(/\s+/).filter(Boolean)
}

function ask(cwd: string, args: readonly string[]): GitResult {
  return git(cwd, args, { scope: 'caller' })
}

function checked(command: string, { code, stdout, stderr }: GitResult): Buffer {
  if (code === 0) return stdout
  throw new WrkError('IO', `git ${command} failed: ${stderr.trim().replace(/^(?:fatal|error): /, '')}`)
}
