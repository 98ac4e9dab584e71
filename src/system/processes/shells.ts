/** What a command line says of a shell: whether somebody works in it, or whether it is there for one command. */

const SHELLS = /^(?:ba|da|z|k|mk|c|tc|fi|a)?sh$|^(?:nu|pwsh|xonsh|elvish)$/
/** Programs that are there for the one command that they run. */
const WRAPPERS =
  /^(?:sudo|doas|su|run0|runuser|setpriv|env|nice|nohup|setsid|timeout|time|stdbuf|strace|script|expect|unbuffer|xargs|flock|watch|npm|npx|pnpm|pnpx|yarn|bunx|unshare|nsenter|bwrap|firejail|chroot|docker-init|tini|dumb-init)$/
/** They outlive every terminal, or serve many. */
const SERVERS = /^(?:tmux|screen|zellij|sshd|mosh-server)/
const WITH_OPERAND = /^(?:[-+][A-Za-z]*[oO]|--(?:init-file|rcfile))$/

export type ShellKind = 'interactive' | 'script' | 'command'

/** Of a shell: waits for input, runs a script, or runs the text after `-c`. Null for what is no shell. */
export function kindOfShell([program = '', ...args]: readonly string[]): ShellKind | null {
  if (!SHELLS.test(programName(program))) return null
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (/^-[A-Za-z]*c[A-Za-z]*$|^-Command$|^--command(?:=|$)/.test(arg)) return 'command'
    if (WITH_OPERAND.test(arg)) i++
    else if (arg === '--' || arg === '-') return args[i + 1] === undefined ? 'interactive' : 'script'
    else if (!/^[-+]/.test(arg)) return 'script'
  }
  return 'interactive'
}

/** Whether a process is there for one command, or for many terminals: neither is a place where somebody works. */
export function isPassing(command: readonly string[]): boolean {
  // A title that a process gives itself is one word with blanks: "npm exec wrk", "sshd: me@pts/0".
  const name = programName((command[0] ?? '').split(/[ :]/, 1)[0]!)
  return kindOfShell(command) === 'command' || WRAPPERS.test(name) || SERVERS.test(name)
}

/** The program's name, without its folder; a login shell is called "-bash". */
export function programName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/^-/, '')
    .toLowerCase()
}
