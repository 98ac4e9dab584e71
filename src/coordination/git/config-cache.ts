/**
 * The working repository's settings as they were last read, good as long as every file that they came from, or would
 * come from, is as it was: a process of git less for each claim. What may hold a secret is never kept.
 */
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isMissing } from '../../core/errno.ts'
import type { Environment } from './environment.ts'
import type { WorkingConfig } from './working-config.ts'

interface Kept {
  key: string
  at: number
  files: [path: string, state: string][]
  config: WorkingConfig
}

/** Git may have been built to read other files of the system: then a change there is noticed after this time. */
const KEPT_FOR_MS = 10 * 60_000

/** What has no secret in it: nothing is passed on, and the URL names no user or password. */
export function mayBeKept({ url, passedOn, sshCommand }: WorkingConfig, top: string): boolean {
  const isPlain = passedOn.length === 0 && sshCommand === null && !/:\/\/[^/]*@|[?]/.test(url ?? '')
  // Of a linked worktree, more files may count.
  return isPlain && lstatSync(join(top, '.git'), { throwIfNoEntry: false })?.isDirectory() === true
}

export function readKept(path: string, top: string, remote: string, env: Environment): WorkingConfig | null {
  let kept: Kept
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Kept
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null
    throw error
  }
  const age = Date.now() - kept.at
  if (kept.key !== keyOf(top, remote, env) || !(age >= 0 && age < KEPT_FOR_MS)) return null
  return kept.files.every(([file, state]) => stateOf(file) === state) ? kept.config : null
}

/** @param origins files that settings came from */
export function keptText(
  config: WorkingConfig,
  origins: Iterable<string>,
  { top, remote, env }: { top: string; remote: string; env: Environment },
): string {
  const files = new Set([...origins, ...usualFiles(top, env)])
  const kept: Kept = {
    key: keyOf(top, remote, env),
    at: Date.now(),
    files: [...files].map(file => [file, stateOf(file)]),
    config,
  }
  return JSON.stringify(kept)
}

function usualFiles(top: string, env: Environment): string[] {
  const home = env.HOME ?? ''
  return [
    join(top, '.git/config'),
    join(top, '.git/config.worktree'),
    join(home, '.gitconfig'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'git/config'),
    env.GIT_CONFIG_GLOBAL || '',
    env.GIT_CONFIG_SYSTEM || '/etc/gitconfig',
  ].filter(file => file !== '')
}

function stateOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : ''
}

/** All that leads git to other settings. */
function keyOf(top: string, remote: string, env: Environment): string {
  const named = Object.entries(env).filter(([name]) =>
    /^(GIT_CONFIG|HOME$|XDG_CONFIG_HOME$|PATH$)/.test(name),
  )
  return JSON.stringify([top, remote, named.sort()])
}
