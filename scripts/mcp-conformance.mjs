/**
 * Checks `wrk mcp` with the protocol's own tools: the conformance tests, over a loopback wrapper of the same server, and
 * the inspector's command line, on the built command over stdin and stdout. Both need a newer Node than wrk, and are large,
 * so they are installed for this run alone, in a temporary folder (or where WRK_MCP_TOOLS says, to keep them).
 *
 *   npm run test:mcp
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { root, settings } from './bundling.mjs'

const PACKAGES = [
  'node@24',
  '@modelcontextprotocol/conformance@0.2.0-alpha.12',
  '@modelcontextprotocol/inspector@2.12.0',
]

/**
 * The scenarios that any server can pass, by the form of the protocol. The others ask for tools, prompts and resources
 * by names of the suite's own (`tools-call-*`, `prompts-*`, `input-required-*`, `resources-read-*`), for features that
 * wrk does not have (logging, completion, sampling, elicitation, tasks, skills), or for what is HTTP alone (sessions,
 * server-sent events).
 */
const SCENARIOS = {
  '2025-11-25': ['server-initialize', 'ping', 'tools-list', 'resources-list', 'dns-rebinding-protection'],
  '2026-07-28': [
    'server-stateless',
    'tools-list',
    'resources-list',
    'sep-2164-resource-not-found',
    'caching',
    'dns-rebinding-protection',
    'http-header-validation',
  ],
}

/** A server without prompts is asked for them all the same. */
const NEEDS_OWN_TOOL =
  /^Not testable: server does not list the diagnostic tool|^prompts\/list returned JSON-RPC error -32601/

const temp = mkdtempSync(join(tmpdir(), 'wrk-mcp-'))
let failures = 0
try {
  const tools = installTools()
  const queue = makeQueue()
  await conformance(tools, queue)
  inspector(tools, queue)
} finally {
  rmSync(temp, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1

function installTools() {
  const folder = process.env.WRK_MCP_TOOLS ?? join(temp, 'tools')
  const modules = join(folder, 'node_modules')
  if (!existsSync(join(modules, '@modelcontextprotocol', 'inspector'))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const args = ['install', '--no-audit', '--no-fund', '--no-save', ...PACKAGES]
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error('the tools could not be installed')
  }
  return { node: join(modules, 'node', 'bin', 'node'), bin: join(modules, '.bin') }
}

function makeQueue() {
  const queue = join(temp, 'queue')
  mkdirSync(join(queue, 'pending'), { recursive: true })
  for (const id of ['WRK-1', 'WRK-2'])
    writeFileSync(
      join(queue, 'pending', `${id}.md`),
      `---\nid: ${id}\ntitle: One\nstatus: pending\n---\n\nText.\n`,
    )
  return queue
}

async function conformance({ node, bin }, queue) {
  const wrapper = join(temp, 'loopback.cjs')
  const entry = join(root, 'test/mcp/conformance/loopback.ts')
  await build({ ...settings({ standalone: false }), entryPoints: [entry], outfile: wrapper, format: 'cjs' })
  const server = spawn(process.execPath, [wrapper, queue], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const url = await new Promise((settle, fail) => {
      createInterface({ input: server.stdout }).once('line', settle)
      server.once('exit', () => fail(new Error('the wrapper ended')))
    })
    for (const [version, scenarios] of Object.entries(SCENARIOS))
      for (const scenario of scenarios) {
        const args = ['server', '--url', url, '--scenario', scenario, '--spec-version', version]
        const { ok, text } = run(node, [join(bin, 'conformance'), ...args])
        // Some checks of a scenario need tools by names of the suite's own; it fails for that alone.
        const errors = [...text.matchAll(/^ *Error: (.*)/gm)].map(([, error]) => error)
        const isUntestable = errors.length > 0 && errors.every(error => NEEDS_OWN_TOOL.test(error))
        const note = isUntestable
          ? `, but for ${errors.length} checks that need tools or prompts of the suite`
          : ''
        report(`conformance ${version} ${scenario}${note}`, { ok: ok || isUntestable, text })
      }
  } finally {
    server.stdin.end()
  }
}

function inspector({ node, bin }, queue) {
  const server = [
    process.execPath,
    join(root, 'dist', 'wrk.cjs'),
    'mcp',
    '--queue',
    queue,
    '--session',
    'inspector',
  ]
  const ask = (...args) => run(node, [join(bin, 'mcp-inspector'), '--cli', ...server, ...args])
  const call = (tool, ...args) =>
    ask('--method', 'tools/call', '--tool-name', tool, ...args.flatMap(arg => ['--tool-arg', arg]))
  report('inspector tools/list', ask('--method', 'tools/list'), '"transition"')
  report('inspector resources/list', ask('--method', 'resources/list'), 'wrk://status')
  report('inspector claim', call('claim', 'id=WRK-1'), 'Claimed WRK-1.')
  report('inspector show', call('show', 'id=WRK-1'), 'held by inspector')
  report('inspector transition', call('transition', 'id=WRK-1', 'verb=done'), 'WRK-1 is done.')
}

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: temp,
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { ok: status === 0, text: `${stdout}${stderr}` }
}

/** @param said what has to be in the output */
function report(name, { ok, text }, said = '') {
  const passed = ok && text.includes(said)
  if (!passed) failures++
  process.stdout.write(`${passed ? 'ok  ' : 'FAIL'} ${name}\n${passed ? '' : `${text}\n`}`)
}
