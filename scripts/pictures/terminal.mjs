/**
 * Makes the README's picture of two terminals that meet over one item: a real queue in a temporary folder, two shells
 * in tmux, of which one is killed; what both show in the end is drawn as SVG, for light and dark pages.
 *
 *   npm run build && node scripts/pictures/terminal.mjs [FOLDER]      default: docs/images
 *
 * Needs tmux and bash.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { terminalSvg } from './terminal-svg.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = resolve(process.argv[2] ?? join(root, 'docs', 'images'))
const home = realpathSync(mkdtempSync(join(tmpdir(), 'wrk-picture-')))
const workspace = join(home, 'tide-station')
const COLUMNS = 84
// What is typed is bold; in single quotes for the shell that starts it, so that bash reads the escapes.
const SHELL = "PS1='\\[\\e[1m\\]$ ' PS0='\\[\\e[0m\\]' exec bash --norc --noprofile"

try {
  prepare()
  const first = open('first')
  await run(first, 'wrk next --claim')
  await run(first, 'wrk start 1')
  const second = open('second')
  await run(second, 'wrk claim 1')
  const firstLines = shownIn(first).slice(0, -1)
  const pid = tmux('display-message', '-p', '-t', first, '#{pane_pid}').trim()
  await run(second, `kill -KILL ${pid}        # the first terminal crashes`)
  await until(first, () => tmux('display-message', '-p', '-t', first, '#{pane_dead}').trim() === '1')
  await run(second, 'wrk claim 1')
  await run(second, 'wrk status')
  const windows = [
    { title: 'first terminal (killed)', lines: firstLines, ended: true },
    { title: 'second terminal', lines: shownIn(second).slice(0, -1), ended: false },
  ]
  mkdirSync(folder, { recursive: true })
  for (const theme of ['light', 'dark'])
    writeFileSync(
      join(folder, `terminal-${theme}.svg`),
      terminalSvg(
        windows,
        theme,
        COLUMNS,
        'One terminal claims an item, a second is refused; the first is killed, and the second takes over',
      ),
    )
} finally {
  spawnSync('tmux', ['-S', join(home, 'tmux'), 'kill-server'])
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

function prepare() {
  mkdirSync(join(home, 'bin'))
  mkdirSync(workspace)
  const program = join(home, 'bin', 'wrk')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist', 'wrk.cjs')}' "$@"\n`)
  chmodSync(program, 0o755)
  wrk('init')
  wrk('new', 'Import the tide tables of the north pier', '--priority', 'high')
  wrk('new', 'Calibrate the pressure sensor', '--blocked-by', '1')
}

function environment() {
  const PATH = `${join(home, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`
  return {
    PATH,
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    HISTFILE: '/dev/null',
    // A zone in which it is ten in the morning: no time in the picture needs a date.
    TZ: `UTC${new Date().getUTCHours() - 10 >= 0 ? '+' : ''}${new Date().getUTCHours() - 10}`,
    NODE_DISABLE_COMPILE_CACHE: '1',
  }
}

function wrk(...words) {
  const env = { ...environment(), WRK_SESSION_ID: 'harbour-office' }
  const { status, stderr } = spawnSync(join(home, 'bin', 'wrk'), words, {
    cwd: workspace,
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`wrk ${words.join(' ')} ended with ${status}: ${stderr}`)
}

function tmux(...words) {
  const all = ['-S', join(home, 'tmux'), '-f', '/dev/null', ...words]
  const { status, stdout, stderr } = spawnSync('tmux', all, {
    cwd: workspace,
    env: environment(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`)
  return stdout
}

/** A terminal of its own with a shell in it; gives its name. */
function open(name) {
  tmux('new-session', '-d', '-s', name, '-x', String(COLUMNS), '-y', '40', SHELL)
  tmux('set-option', '-t', name, 'remain-on-exit', 'on')
  return name
}

/** Types a command there and waits until the shell asks for the next. */
async function run(terminal, command) {
  await until(terminal, lines => lines.at(-1) === '$')
  tmux('send-keys', '-t', terminal, '-l', command)
  tmux('send-keys', '-t', terminal, 'Enter')
  await until(terminal, lines => lines.at(-1) === '$' && lines.some(line => line === `$ ${command}`))
}

async function until(terminal, isSo) {
  for (let tries = 0; tries < 600; tries++) {
    const lines = tmux('capture-pane', '-p', '-t', terminal).trimEnd().split('\n')
    if (isSo(lines.map(line => line.trimEnd()))) return
    await new Promise(settle => setTimeout(settle, 50))
  }
  throw new Error(`the ${terminal} terminal does not go on:\n${shownIn(terminal).join('\n')}`)
}

/** The lines of a terminal with their colours, each beginning from none. */
function shownIn(terminal) {
  let carried = ''
  return tmux('capture-pane', '-e', '-p', '-t', terminal)
    .trimEnd()
    .split('\n')
    .map(line => {
      const whole = carried + line
      carried = [...whole.matchAll(/\x1b\[[0-9;]*m/g)].map(([code]) => code).join('')
      return whole
    })
}
