/**
 * What git is to take over from the working repository: how to reach the remote (credentials stored per repository,
 * proxies, rewritten URLs, the ssh command), and the author of commits. One git process reads all of it.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { runBounded } from '../../system/processes/run-bounded.ts'
import { keptText, mayBeKept, readKept } from './config-cache.ts'
import { putInPlace } from './drafts.ts'
import { cleanEnvironment, type Environment } from './environment.ts'
import type { ObjectFormat } from './objects.ts'

export interface WorkingConfig {
  /** The URL of the remote for pushing, as configured; null when no remote has that name. */
  url: string | null
  /** Keys and values to be passed on to git in another repository. */
  passedOn: readonly (readonly [key: string, value: string])[]
  sshCommand: string | null
  user: { name: string | null; email: string | null }
  format: ObjectFormat
}

const DEADLINE_MS = 10_000

/**
 * The same, from what was kept of the last time where nothing has changed since.
 * @param gitDir of the cache repository, beside which they are kept
 * @throws WrkError FAILED, IO
 */
export async function workingConfig(
  gitDir: string,
  top: string,
  remote: string,
  env: Environment,
): Promise<WorkingConfig> {
  const path = join(dirname(gitDir), 'git-settings.json')
  const kept = readKept(path, top, remote, env)
  if (kept) return kept
  const { config, origins } = await readWorkingConfig(top, remote, env)
  if (origins && mayBeKept(config, top)) {
    mkdirSync(gitDir, { recursive: true })
    putInPlace(gitDir, path, keptText(config, origins, { top, remote, env }), 0o600)
  }
  return config
}

/**
 * @param folder within the working repository
 * @param remote a remote's name, or a URL
 * @throws WrkError FAILED when the folder is in no repository, IO when there is no git
 */
async function readWorkingConfig(
  folder: string,
  remote: string,
  env: Environment,
): Promise<{ config: WorkingConfig; origins: Set<string> | null }> {
  const named = `remote\\.${remote.replace(/[^A-Za-z0-9_]/g, '\\$&')}\\.(url|pushurl)`
  const pattern = `^(http\\.|credential\\.|url\\.|core\\.sshcommand$|extensions\\.objectformat$|user\\.(name|email)$|include|${named}$)`
  const end = await runBounded(
    'git',
    ['config', '--includes', '--show-scope', '--show-origin', '-z', '--get-regexp', pattern],
    { cwd: folder, env: cleanEnvironment(env), deadlineMs: DEADLINE_MS },
  )
  if (end.notStarted)
    throw new WrkError('IO', `git could not be run: ${end.notStarted}`, {
      hint: 'Install git, or put it on the PATH.',
    })
  // 1 is: nothing found.
  if (end.code !== 0 && end.code !== 1)
    throw new WrkError('FAILED', `the settings of git cannot be read: ${end.stderr.trim().split('\n')[0]}`)
  return fromSettings(end.stdout, folder, remote)
}

/** `origins`: the files that they came from; null where more files may count than those that said something. */
function fromSettings(
  output: string,
  folder: string,
  remote: string,
): { config: WorkingConfig; origins: Set<string> | null } {
  let origins: Set<string> | null = new Set()
  const config = {
    url: null as string | null,
    passedOn: [] as [string, string][],
    sshCommand: null as string | null,
    user: { name: null as string | null, email: null as string | null },
    format: 'sha1' as ObjectFormat,
  }
  const parts = output.split('\0')
  let pushUrl: string | null = null
  for (let i = 0; i + 2 < parts.length; i += 3) {
    const scope = parts[i]!
    const [, file] = /^file:(.*)$/s.exec(parts[i + 1]!) ?? []
    const line = parts[i + 2]!
    const end = line.indexOf('\n')
    // A key without a value is a boolean that is true.
    const [key, value] = end < 0 ? [line, 'true'] : [line.slice(0, end), line.slice(end + 1)]
    if (file === undefined || key?.startsWith('include')) origins = null
    else origins?.add(resolve(folder, file))
    if (key?.startsWith('include')) continue
    if (key === `remote.${remote}.url`) config.url ??= value
    else if (key === `remote.${remote}.pushurl`) pushUrl ??= value
    else if (key === 'user.name') config.user.name = value
    else if (key === 'user.email') config.user.email = value
    else if (key === 'extensions.objectformat') config.format = value === 'sha256' ? 'sha256' : 'sha1'
    else {
      if (key === 'core.sshcommand') config.sshCommand = value
      // Git reads the settings of user and machine by itself; those of the repository and of `-c` it would miss.
      if (scope !== 'system' && scope !== 'global') config.passedOn.push([key, value])
    }
  }
  config.url = pushUrl ?? config.url
  return { config, origins }
}
