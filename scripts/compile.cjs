/**
 * Writes V8's compiled form of the bundles in dist/ for the Node that runs this; src/bin/launcher.ts reads it. It is
 * made after the usual commands have run, on a queue in a temporary folder, so that their functions are in it.
 */
const fs = require('node:fs')
const { tmpdir } = require('node:os')
const { dirname, join } = require('node:path')
const { Script } = require('node:vm')

const dist = join(dirname(__dirname), 'dist')
const { keepUsual, readBundle } = require(join(dist, 'keep-compiled.cjs'))
const scripts = new Map()

function load(name) {
  if (!name.startsWith('./')) return require(name)
  const filename = join(dist, name)
  // Some take from another what that has.
  if (scripts.has(filename)) return scripts.get(filename).exports
  const { source, state } = readBundle(filename)
  const script = new Script(source, { filename })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, load, module, filename, dist)
  scripts.set(filename, { script, state, exports: module.exports })
  return module.exports
}

const ITEM = `---
id: WRK-1
title: One
status: pending
list: [a, b]
provider: claude
plan_approved: true
locked_by: ""
locked_at: ""
---
`
/** Needs the full YAML reader: an anchor. */
const STRANGE_ITEM = '---\nid: WRK-2\ntitle: Two\nlist: &all [a, b]\n---\n'

/** What is run for each bundle. Few: loading takes longer the more functions are in it. */
const USUAL = {
  './main.cjs': ['claim 1', 'show 2', 'release 1'],
  './daily.cjs': ['list', 'next', 'execute 1 --json -- node -e 0'],
  './all.cjs': ['claim 1', 'list', 'show 2', 'release 1'],
}

/** The events that an agent's hook is called for all the time. */
const EVENTS = [
  { hook_event_name: 'SessionStart' },
  { hook_event_name: 'PostToolUse', tool_name: 'Read' },
  { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'git commit -m x' } },
  { hook_event_name: 'PreToolUse', tool_name: 'Edit', tool_input: { file_path: 'pending/WRK-1.md' } },
]

async function compile() {
  const queue = fs.mkdtempSync(join(tmpdir(), 'wrk-build-'))
  const write = fs.writeSync
  // What the commands print is not for whoever builds.
  fs.writeSync = (fd, data, ...rest) => (fd === 1 ? data.length : write(fd, data, ...rest))
  try {
    fs.mkdirSync(join(queue, 'pending'))
    // As `wrk init` leaves a new queue, which has no earlier claims to warn of.
    fs.mkdirSync(join(queue, '.wrk'))
    const state = { root: fs.realpathSync.native(queue), made_at: '2026-01-01T00:00:00Z', made_by: 'init' }
    fs.writeFileSync(join(queue, '.wrk', 'state.json'), JSON.stringify(state))
    fs.writeFileSync(join(queue, 'pending', 'WRK-1.md'), ITEM)
    fs.writeFileSync(join(queue, 'pending', 'WRK-2.md'), STRANGE_ITEM)
    for (const [bundle, lines] of Object.entries(USUAL)) {
      const { main } = load(bundle)
      for (const words of lines) {
        const line = ['--queue', queue, '--session', 'build', ...words.split(' ')]
        process.argv.splice(2, process.argv.length, ...line)
        const code = await main(line)
        if (code !== 0) throw new Error(`wrk ${words} ended with ${code}`)
      }
    }
    await compileVerify(queue)
    // Whoever builds may be an agent itself: its session and its queue have no part in this.
    for (const name of Object.keys(process.env))
      if (/^(?:CLAUDE|WRK|SESSION|WORK_ITEM)_/.test(name)) delete process.env[name]
    process.env.WRK_QUEUE = queue
    const hook = load('./hook.cjs')
    for (const event of EVENTS) {
      const words = ['agents', 'hook', 'claude', 'beat', join(queue, '.wrk', 'hooks'), 'build']
      await hook.main(words, JSON.stringify({ ...event, session_id: 'build', cwd: queue }))
    }
    await mergeOnce(queue)
  } finally {
    fs.writeSync = write
    fs.rmSync(queue, { recursive: true, force: true })
  }
  load('./shared-claims.cjs')
  if (scripts.size !== 8) throw new Error('a bundle was not loaded: its compiled form would be missing')
  for (const [bundle, { script, state }] of scripts)
    keepUsual({ bundle, state, data: () => script.createCachedData() })
}

/** An item that both sides changed, in its fields and below. */
async function mergeOnce(folder) {
  const file = (name, text) => {
    fs.writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const text = `${ITEM}One.\n\nTwo.\n\nThree.\n`
  const base = file('base', text)
  const ours = file('ours', text.replace('[a, b]', '[a]').replace('One', '1'))
  const theirs = file('theirs', text.replace('pending', 'working').replace('Three', '3'))
  const { main } = load('./merge-driver.cjs')
  const code = await main(['merge-driver', base, ours, theirs, '7', 'pending/WRK-1.md'])
  if (code !== 0) throw new Error(`wrk merge-driver ended with ${code}`)
}

/** With an item staged, where there is a git to stage it with. */
async function compileVerify(queue) {
  const { spawnSync } = require('node:child_process')
  // A build may run in a git hook, where these name the repository of whoever builds.
  for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name]
  const git = (...args) => spawnSync('git', ['-C', queue, ...args], { stdio: 'ignore' }).status === 0
  const { main } = load('./commit.cjs')
  const before = process.cwd()
  if (git('init', '-q') && git('add', '-f', 'pending/WRK-1.md')) process.chdir(queue)
  const code = await main(['--queue', queue, '--session', 'build', 'verify', '--staged'])
  process.chdir(before)
  if (code !== 0) throw new Error(`wrk verify ended with ${code}`)
}

compile()
