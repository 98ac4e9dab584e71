/** Runs a git hook as `git commit` does: at the top of the working tree, with the index of the commit. */
import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { git } from './git.ts'
import type { Repository } from './repository.ts'

export interface HookRun {
  code: number
  /** What it printed on both. */
  output: string
}

/** Null when there is no such hook, or it may not be run. @throws system errors */
export function runHook(repository: Repository, name: string, args: readonly string[]): HookRun | null {
  const { top, scope, index } = repository
  const path = git(top, ['rev-parse', '--git-path', `hooks/${name}`], { scope })
  const hook = resolve(top, path.stdout.toString('utf8').replace(/\n$/, ''))
  if (path.code !== 0 || !isExecutable(hook)) return null
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const env: NodeJS.ProcessEnv = { ...process.env, GIT_EDITOR: ':' }
  for (const key of Object.keys(env))
    if (/^GIT_(?:DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(key)) delete env[key]
  if (index !== undefined) env.GIT_INDEX_FILE = index
  const run = spawnSync(hook, args, { cwd: top, env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (run.error) throw run.error
  return { code: run.status ?? 1, output: `${run.stdout.toString('utf8')}${run.stderr.toString('utf8')}` }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
