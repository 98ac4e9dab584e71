/**
 * The environment that git runs in: nothing that a hook or a calling git says of another repository, no prompts, and
 * the user's own way to the remote.
 */
import type { WorkingConfig } from './working-config.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Of git's own variables, those that say how to reach a remote or where settings are. */
const KEPT =
  /^GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|HTTP_.*|PROXY_.*|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|EXEC_PATH|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+|CONFIG_PARAMETERS)$/

/** Without what leads git to another repository: GIT_DIR, GIT_INDEX_FILE and the like, as hooks have them. */
export function cleanEnvironment(env: Environment): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name))
  return { ...Object.fromEntries(kept), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' }
}

/** For git in the cache repository, with the working repository's own settings for the way to the remote. */
export function cacheEnvironment(
  env: Environment,
  config: WorkingConfig,
): Record<string, string | undefined> {
  const clean = cleanEnvironment(env)
  // What came by the environment is among what is passed on, as far as it belongs here.
  for (const name of Object.keys(clean))
    if (/^GIT_CONFIG_(COUNT|KEY|VALUE|PARAMETERS)/.test(name)) delete clean[name]
  clean.GIT_CONFIG_COUNT = String(config.passedOn.length)
  config.passedOn.forEach(([key, value], i) => {
    clean[`GIT_CONFIG_KEY_${i}`] = key
    clean[`GIT_CONFIG_VALUE_${i}`] = value
  })
  // Empty: git then asks no program for a password; credential helpers are asked all the same.
  clean.GIT_ASKPASS = ''
  clean.SSH_ASKPASS_REQUIRE = 'never'
  clean.GCM_INTERACTIVE = 'never'
  const ssh = batchMode(env.GIT_SSH_COMMAND ?? config.sshCommand, env.GIT_SSH)
  if (ssh !== null) clean.GIT_SSH_COMMAND = ssh
  return clean
}

/** The user's ssh command with the options that make it ask nothing; a program other than ssh stays as it is. */
function batchMode(command: string | null | undefined, program: string | undefined): string | null {
  if (!command && program) return null
  const words = command || 'ssh'
  return /^("[^"]*[/\\]ssh"|'[^']*\/ssh'|([^\s"']*\/)?ssh)(\.exe)?(\s|$)/.test(words)
    ? `${words} -o BatchMode=yes`
    : words
}
