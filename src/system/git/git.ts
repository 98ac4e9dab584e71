/**
 * git, run as a program: arguments as a list, never through a shell, paths behind `--`. The one place that decides
 * which of the caller's GIT_* variables a call gets.
 */
import { WrkError } from '../../core/errors.ts'

export interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
}

/**
 * Which repository a call is about.
 * `caller`: the one that the caller's environment names (GIT_DIR, GIT_INDEX_FILE … as hooks have them), else that of
 * the folder: what a `git commit` there would see. `folder`: that of the folder, whatever the environment names.
 */
export type GitScope = 'caller' | 'folder'

export interface GitOptions {
  scope: GitScope
  input?: string | Buffer
  /** An index to use in place of the usual one. */
  index?: string | undefined
}

/** More than any list of a repository's files. */
const LARGEST_OUTPUT = 256 * 1024 * 1024

/** What names a repository, or a part of one: `git rev-parse --local-env-vars`, without the settings of `git -c`. */
const OF_ONE_REPOSITORY = new Set(
  `GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CONFIG GIT_OBJECT_DIRECTORY GIT_DIR GIT_WORK_TREE GIT_IMPLICIT_WORK_TREE
GIT_GRAFT_FILE GIT_INDEX_FILE GIT_NO_REPLACE_OBJECTS GIT_REPLACE_REF_BASE GIT_PREFIX GIT_SHALLOW_FILE GIT_COMMON_DIR
GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_QUARANTINE_PATH`.split(/\s/),
)
/** How paths are to be read (`git --literal-pathspecs commit`, as Magit says it): the caller's, never wrk's own. */
const PATHSPECS = /^GIT_(?:LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS$/

/**
 * Runs git in a folder and waits for its end. A git that fails is a result.
 * @param args the subcommand and its arguments
 * @throws WrkError IO when there is no git, or it was killed
 */
export function git(
  cwd: string,
  args: readonly string[],
  { scope, input = '', index }: GitOptions,
): GitResult {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const run = spawnSync('git', args, {
    cwd,
    input,
    maxBuffer: LARGEST_OUTPUT,
    env: environmentFor(scope, index),
  })
  if (run.error)
    throw new WrkError('IO', `git could not be run: ${run.error.message}`, {
      hint: 'Install git, or put it on the PATH.',
      cause: run.error,
    })
  if (run.status === null)
    throw new WrkError('IO', `git ${args[0]} was ended by ${run.signal}`, { hint: 'Try again.' })
  return { code: run.status, stdout: run.stdout, stderr: run.stderr.toString('utf8') }
}

function environmentFor(scope: GitScope, index?: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' }
  for (const name of Object.keys(env))
    if (PATHSPECS.test(name) || (scope === 'folder' && OF_ONE_REPOSITORY.has(name))) delete env[name]
  if (index !== undefined) env.GIT_INDEX_FILE = index
  return env
}
