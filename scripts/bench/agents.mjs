/**
 * What a hook of an agent costs: the command lines that `wrk agents install` writes, run as the agents run them, against a
 * shell that does nothing where no Node is needed, and against a Node that does nothing where one is.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { time } from './measure.mjs'
import { program } from './program.mjs'
import { RATIO_COLUMNS, SESSION, step } from './setting.mjs'

const KILOBYTE = 'x'.repeat(1000)

export async function agents(setting) {
  const { temp, env, context, rounds } = setting
  const cwd = join(temp, 'workspace')
  mkdirSync(cwd)
  const here = { ...context, cwd }
  await time([program.wrk, 'init'], here)
  await time([program.wrk, 'new', 'One'], here)
  await time([program.wrk, 'agents', 'install', 'claude', 'codex'], here)
  // As npm puts it there.
  symlinkSync(program.wrk, join(temp, 'wrk-cli'))

  const shell = { cwd, program: '/bin/sh', env: { ...env, PATH: `${temp}:${process.env.PATH}` } }
  const settings = { claude: '.claude/settings.json', codex: '.codex/hooks.json' }
  const commandOf = (agent, event) =>
    JSON.parse(readFileSync(join(cwd, settings[agent]), 'utf8')).hooks[event][0].hooks[0].command
  const hooks = join(cwd, '.claude', 'work-queue', '.wrk', 'hooks')
  const stamp = (key, ms) => {
    mkdirSync(hooks, { recursive: true })
    writeFileSync(join(hooks, key), '')
    utimesSync(join(hooks, key), new Date(), new Date(Date.now() + ms))
  }
  const hook = async (agent, event, payload, more = {}) => {
    const file = join(temp, 'event.json')
    writeFileSync(file, JSON.stringify({ session_id: SESSION, cwd, hook_event_name: event, ...payload }))
    const input = openSync(file, 'r')
    try {
      return await time(['-c', commandOf(agent, event)], { ...shell, env: { ...shell.env, ...more }, input })
    } finally {
      closeSync(input)
    }
  }
  /** The agent is this process. */
  const own = `${process.pid}`
  const notDue = () => {
    stamp(own, 3_600_000)
    stamp(SESSION, 3_600_000)
  }
  const write = {
    tool_name: 'Write',
    tool_input: { file_path: join(cwd, 'a.ts'), content: KILOBYTE.repeat(9) },
  }
  const item = { file_path: join(cwd, '.claude/work-queue/pending/WRK-001.md'), content: 'x' }
  const bash = command => ({ tool_name: 'Bash', tool_input: { command } })
  const nothing = () => time(['-c', ':'], shell)
  const needsNothing = (name, goal, run) => ({
    ...step(name, [goal], () => {
      notDue()
      return run()
    }),
    reference: nothing,
  })
  let minute = 0
  const rows = [
    needsNothing('heartbeat that is not due', 1.5, () =>
      hook('claude', 'PostToolUse', { tool_response: KILOBYTE }),
    ),
    needsNothing('look at a payload of 10 KB', 3.5, () => hook('claude', 'PreToolUse', write)),
    needsNothing('the same for Codex', 3.5, () => hook('codex', 'PreToolUse', bash(KILOBYTE.repeat(9)))),
    step('heartbeat that is due, to node -e 0', [1.3], () => {
      rmSync(join(hooks, own), { force: true })
      return hook('claude', 'PostToolUse', {}, { WRK_NOW: `+${++minute * 2}m` })
    }),
    step('look at an edit of an item, to node -e 0', [1.3], () =>
      hook('claude', 'PreToolUse', { tool_name: 'Write', tool_input: item }),
    ),
    step('look at a commit, to node -e 0', [1.3], () =>
      hook('claude', 'PreToolUse', bash('git commit -m x')),
    ),
  ]
  return [
    {
      title: 'hooks of agents, to sh -c :',
      columns: RATIO_COLUMNS,
      rows: await setting.ratios(rounds, rows),
      note: 'Through the command lines of .claude/settings.json and .codex/hooks.json; the session is known, and its queue has one item.',
    },
  ]
}
