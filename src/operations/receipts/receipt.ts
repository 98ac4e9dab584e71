/** Writes a receipt: manifest and log, as the latest and under the run's own name. */
import { mkdirSync, realpathSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { shortHash } from '../../core/hash.ts'
import { checkRunId, generatedRunId, startOfRun } from '../../core/locks/session-lock.ts'
import {
  fileNameOfRun,
  type Manifest,
  manifestOf,
  type ReceiptFacts,
  receiptLog,
} from '../../core/receipts/receipt.ts'
import { publicUrl, repositoryName } from '../../core/receipts/secrets.ts'
import { makeFolderWithin, writeArtifact } from '../../store/files/artifact.ts'
import { realDisk } from '../../store/files/disk.ts'
import { findQueue, workspaceOfQueue } from '../../store/queue.ts'
import { clockFrom } from '../../system/clock.ts'
import { git } from '../../system/git/git.ts'
import { mainTreeOf } from '../../system/git/git-folder.ts'
import { here } from '../../system/processes/process.ts'
import { randomLetters } from '../../system/random.ts'
import { guardHost } from '../context.ts'

export interface ReceiptOptions {
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  queue?: string | undefined
  /** The folder for the files; made when missing. Default: `.agents/skills/artifacts/SKILL` of the repository. */
  out?: string | undefined
}

/** What is not given comes from the environment and the clock. */
export type ReceiptInput = Pick<ReceiptFacts, 'skill' | 'status'> & Partial<ReceiptFacts>

/** Where receipts are below a repository or workspace, by the name of what was done. */
const ARTIFACTS = ['.agents', 'skills', 'artifacts']

/**
 * @param input.skill a checked slug: it becomes a folder's name
 * @throws WrkError USAGE, IO; system errors pass
 */
export function writeReceipt(input: ReceiptInput, options: ReceiptOptions = {}): Manifest {
  const { cwd = process.cwd(), env = process.env } = options
  const now = clockFrom(env)()
  // Within `wrk lock run` the receipt is of that run.
  const known = input.runId ?? (env.WRK_RUN_ID ? checkRunId(env.WRK_RUN_ID, 'WRK_RUN_ID') : undefined)
  const runId = known ?? generatedRunId(now, randomLetters(6))
  const top = repositoryFolder(cwd)
  const base = top ?? workspaceFolder(options.queue, env, cwd)
  const facts: ReceiptFacts = {
    reason: null,
    inputs: {},
    commands: [],
    consumed: [],
    produced: [],
    links: {},
    startedAt: earlier(known === undefined ? null : startOfRun(known), now),
    endedAt: now,
    ...input,
    runId,
  }
  // Asked before anything is written, so that a receipt does not report itself.
  const { repo, state } = top ? repositoryFacts(top) : { repo: NO_REPOSITORY, state: NO_COMMIT }
  const folder = options.out
    ? namedFolder(resolve(cwd, options.out))
    : makeFolderWithin(base, ...ARTIFACTS, facts.skill)
  const own = fileNameOfRun(runId, shortHash)
  const paths = {
    manifest: join(folder, 'latest_manifest.json'),
    log: join(folder, 'latest_log.md'),
    run_manifest: join(folder, `${own}_manifest.json`),
    run_log: join(folder, `${own}_log.md`),
  }
  const root = realpathSync.native(base)
  const shown = Object.fromEntries(Object.entries(paths).map(([key, path]) => [key, shownFrom(root, path)]))
  const place = { receipt_paths: shown as typeof paths, repo, git: state, host: here().host }
  const manifest = manifestOf(facts, place, env)

  const json = `${JSON.stringify(manifest, null, 2)}\n`
  const log = receiptLog(manifest)
  const write = (path: string, text: string) => writeArtifact(realDisk, path, text, guardHost())
  write(paths.run_manifest, json)
  write(paths.run_log, log)
  write(paths.manifest, json)
  write(paths.log, log)
  return manifest
}

function earlier(start: Date | null, now: Date): Date {
  return start && start < now ? start : now
}

function namedFolder(path: string): string {
  mkdirSync(path, { recursive: true })
  return realpathSync.native(path)
}

/** Paths in a receipt are meant for others, who have the repository elsewhere. */
function shownFrom(root: string, path: string): string {
  const way = relative(root, path)
  return way === '..' || way.startsWith(`..${sep}`) ? path : way.split(sep).join('/')
}

/** The folder of the git repository around `cwd`; null without one, or without git. */
function repositoryFolder(cwd: string): string | null {
  return gitAnswer(cwd, ['rev-parse', '--show-toplevel'])
}

/** What git answers in one line; null when it fails or is not there. */
function gitAnswer(cwd: string, args: readonly string[]): string | null {
  try {
    const { code, stdout } = git(cwd, args, { scope: 'folder' })
    return code === 0 ? stdout.toString('utf8').trim() || null : null
  } catch (error) {
    if (error instanceof WrkError) return null
    throw error
  }
}

function workspaceFolder(
  queue: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string {
  try {
    return workspaceOfQueue(findQueue(queue, env, () => cwd, mainTreeOf).root)
  } catch (error) {
    if (error instanceof WrkError && error.code === 'NOT_FOUND' && queue === undefined) return cwd
    throw error
  }
}

const NO_REPOSITORY: Manifest['repo'] = { full_name: null, remote_url: null }
const NO_COMMIT: Manifest['git'] = { sha: null, branch: null, dirty: null }

function repositoryFacts(top: string): { repo: Manifest['repo']; state: Manifest['git'] } {
  const url = gitAnswer(top, ['config', '--get', 'remote.origin.url']) ?? firstRemote(top)
  const shown = url === null ? null : publicUrl(url)
  return {
    repo: { full_name: shown && repositoryName(shown), remote_url: shown },
    state: {
      sha: gitAnswer(top, ['rev-parse', '--verify', '--quiet', 'HEAD']),
      branch: gitAnswer(top, ['symbolic-ref', '--short', '--quiet', 'HEAD']),
      dirty: isDirty(top),
    },
  }
}

function firstRemote(top: string): string | null {
  const name = gitAnswer(top, ['remote'])?.split('\n')[0]
  return name ? gitAnswer(top, ['config', '--get', `remote.${name}.url`]) : null
}

/** Earlier receipts do not count: they would make every later one report changes. */
function isDirty(top: string): boolean | null {
  const receipts = `:(exclude)${ARTIFACTS.join('/')}`
  try {
    const { code, stdout } = git(top, ['status', '--porcelain', '--', '.', receipts], { scope: 'folder' })
    return code === 0 ? stdout.length > 0 : null
  } catch (error) {
    if (error instanceof WrkError) return null
    throw error
  }
}
