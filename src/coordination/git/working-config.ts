/**
 * What git is to take over from the working repository: how to reach the remote (credentials stored per repository,
 * proxies, rewritten URLs, the ssh command), and the author of commits. One git process reads all of it.
 */
import { WrkError } from '../../core/errors.ts'
import { runBounded } from '../../system/processes/run-bounded.ts'
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
 * @param folder within the working repository
 * @param remote a remote's name, or a URL
 * @throws WrkError FAILED when the folder is in no repository, IO when there is no git
 */
export async function readWorkingConfig(
  folder: string,
  remote: string,
  env: Environment,
): Promise<WorkingConfig> {
  const named = `remote\\.${remote.replace(/[^A-Za-z0-9_]/g, '\\$&')}\\.(url|pushurl)`
  const pattern = `^(http\\.|credential\\.|url\\.|core\\.sshcommand$|extensions\\.objectformat$|user\\.(name|email)$|${named}$)`
  const end = await runBounded(
    'git',
    ['config', '--includes', '--show-scope', '-z', '--get-regexp', pattern],
    { cwd: folder, env: cleanEnvironment(env), deadlineMs: DEADLINE_MS },
  )
  if (end.notStarted)
    throw new WrkError('IO', `git could not be run: ${end.notStarted}`, {
      hint: 'Install git, or put it on the PATH.',
    })
  // 1 is: nothing found.
  if (end.code !== 0 && end.code !== 1)
    throw new WrkError('FAILED', `the settings of git cannot be read: ${end.stderr.trim().split('\n')[0]}`)
  return fromSettings(end.stdout, remote)
}

function fromSettings(output: string, remote: string): WorkingConfig {
  const config = {
    url: null as string | null,
    passedOn: [] as [string, string][],
    sshCommand: null as string | null,
    user: { name: null as string | null, email: null as string | null },
    format: 'sha1' as ObjectFormat,
  }
  const parts = output.split('\0')
  let pushUrl: string | null = null
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const scope = parts[i]!
    const line = parts[i + 1]!
    const end = line.indexOf('\n')
    // A key without a value is a boolean that is true.
    const [key, value] = end < 0 ? [line, 'true'] : [line.slice(0, end), line.slice(end + 1)]
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
  return config
}
