/** Receipts: what was done, in a form that other programs read (manifest) and one that people read (log). */
import { WrkError } from '../errors.ts'
import { printable } from '../text.ts'
import { humanDuration, stamp } from '../time.ts'
import { maskDeep, maskSecrets } from './secrets.ts'

export interface Manifest {
  schema_version: 1
  skill: string
  run_id: string
  receipt_paths: ReceiptPaths
  repo: { full_name: string | null; remote_url: string | null }
  git: { sha: string | null; branch: string | null; dirty: boolean | null }
  host: string
  timing: { started_at: string; ended_at: string; duration_ms: number }
  status: 'pass' | 'fail'
  reason: string | null
  inputs: Record<string, unknown>
  commands: string[]
  paths_consumed: string[]
  paths_produced: string[]
  links: Record<string, unknown> | string[]
  /** Of the environment only what distinguishes one run from another, and only where it is set. */
  environment?: Record<string, string>
}

export interface ReceiptPaths {
  manifest: string
  log: string
  run_manifest: string
  run_log: string
}

/** What a caller says of what was done. */
export interface ReceiptFacts {
  skill: string
  runId: string
  status: 'pass' | 'fail'
  reason: string | null
  inputs: Record<string, unknown>
  commands: string[]
  consumed: string[]
  produced: string[]
  links: Record<string, unknown> | string[]
  startedAt: Date
  endedAt: Date
}

const SLUG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** A slug becomes a folder's name. @throws WrkError USAGE */
export function checkSlug(slug: string): string {
  if (SLUG.test(slug)) return slug
  throw new WrkError('USAGE', `--skill must be a plain name, not "${printable(slug, 60)}"`, {
    hint: 'Use 1 to 64 letters, digits, ".", "_" or "-", the first a letter or digit.',
  })
}

const ENVIRONMENT = ['CI', 'GITHUB_RUN_ID', 'GITHUB_RUN_ATTEMPT', 'WRK_SESSION_ID', 'WRK_LOCK_NAME'] as const

/** Puts a manifest together; strings that look like secrets are masked. */
export function manifestOf(
  facts: ReceiptFacts,
  place: Pick<Manifest, 'repo' | 'git' | 'host' | 'receipt_paths'>,
  env: Readonly<Record<string, string | undefined>>,
): Manifest {
  const environment = Object.fromEntries(
    ENVIRONMENT.flatMap(name => (env[name] ? [[name, maskSecrets(env[name].slice(0, 200))]] : [])),
  )
  const { startedAt, endedAt } = facts
  return {
    schema_version: 1,
    skill: facts.skill,
    run_id: facts.runId,
    receipt_paths: place.receipt_paths,
    repo: place.repo,
    git: place.git,
    host: place.host,
    timing: {
      started_at: stamp(startedAt),
      ended_at: stamp(endedAt),
      duration_ms: Math.max(0, endedAt.getTime() - startedAt.getTime()),
    },
    status: facts.status,
    reason: facts.reason === null ? null : maskSecrets(facts.reason),
    inputs: maskDeep(facts.inputs) as Record<string, unknown>,
    commands: maskDeep(facts.commands) as string[],
    paths_consumed: maskDeep(facts.consumed) as string[],
    paths_produced: maskDeep(facts.produced) as string[],
    links: maskDeep(facts.links) as Manifest['links'],
    ...(Object.keys(environment).length > 0 ? { environment } : {}),
  }
}

/** Run ids that can be part of a file's name as they are: `latest` is that of the last receipt, whatever its run. */
const PLAIN_RUN = /^(?!latest$)[A-Z0-9][A-Z0-9._-]{0,99}$/i

/** A run id as part of a file's name. Ids that cannot be used as they are get a hash, so that no two collide. */
export function fileNameOfRun(runId: string, hash: (text: string) => string): string {
  if (PLAIN_RUN.test(runId)) return runId
  return `run-${runId.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 100)}-${hash(runId)}`
}

/** The summary for people, made of the manifest, so that it says nothing that was masked there. */
export function receiptLog(manifest: Manifest): string {
  const { repo, git, timing } = manifest
  const dirty = git.dirty === null ? '' : git.dirty ? ', with changes that are not committed' : ', clean'
  const facts: [string, string | null][] = [
    ['Status', manifest.status],
    ['Reason', manifest.reason],
    ['Run', manifest.run_id],
    ['Host', manifest.host],
    ['Started', timing.started_at],
    ['Ended', `${timing.ended_at} (after ${humanDuration(timing.duration_ms)})`],
    ['Repository', repo.full_name ?? repo.remote_url],
    ['Commit', git.sha && `${git.sha}${git.branch ? ` on ${git.branch}` : ''}${dirty}`],
  ]
  const lines = facts.flatMap(([name, value]) => (value === null ? [] : [`- ${name}: ${inline(value)}`]))
  return `${[
    `# ${manifest.skill}: ${manifest.status}\n\n${lines.join('\n')}`,
    section('Inputs', entries(manifest.inputs)),
    section('Commands', manifest.commands),
    section('Read', manifest.paths_consumed),
    section('Written', manifest.paths_produced),
    section('Links', Array.isArray(manifest.links) ? manifest.links : entries(manifest.links)),
  ]
    .filter(Boolean)
    .join('\n\n')}\n`
}

const entries = (data: Record<string, unknown>): string[] =>
  Object.entries(data).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.map(line => `- ${code(line)}`).join('\n')}`
}

/** One line of plain text. */
const inline = (text: string): string => printable(text.replace(/\s+/g, ' '), 1000)

/** As code, which Markdown leaves alone; the fence is longer than any run of backticks in it. */
function code(text: string): string {
  const line = inline(text)
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const space = longest > 0 || line === '' ? ' ' : ''
  return `${fence}${space}${line}${space}${fence}`
}

/** A command line as a receipt shows it: words that a shell would take apart are quoted. */
export function commandText(words: readonly string[]): string {
  return words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
}
