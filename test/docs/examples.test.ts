/**
 * What the documents show at a terminal happens so: each line behind `$` is run, in the order of the page, in bash; what
 * is shown below it appears in its output, and it ends with the exit code that is shown, 0 where none is.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, type Env, ROOT } from '../support/program.ts'
import { markAsNew } from '../support/queue.ts'

interface Example {
  /** The terminal, where a page shows several. */
  terminal: string
  /** With its comment, as the page has it. */
  line: string
  command: string
  /** Lines of its output, as far as the page shows them. */
  shown: string[]
  exitCode: number
}

/** The terminal sessions in a page: blocks of code with lines that begin with `$` or with `A $`. */
function examplesIn(markdown: string): Example[] {
  const examples: Example[] = []
  for (const [, language, block] of markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (language !== '') continue
    let example: Example | undefined
    for (const line of block!.split('\n')) {
      const [, terminal = '', command] = /^(?:([A-Z]) )?\$ (.*)$/.exec(line) ?? []
      const exit = /^\[exit (\d+)\]$/.exec(line)?.[1]
      if (command !== undefined) {
        example = { terminal, line, command: command.replace(/ {2,}# .*$/, ''), shown: [], exitCode: 0 }
        examples.push(example)
      } else if (example && exit !== undefined) example.exitCode = Number(exit)
      else if (example && line.trim() !== '' && line !== '…')
        example.shown.push(line.replace(/ {2,}# .*$/, ''))
    }
  }
  return examples
}

const RUN_ID = /run-\d{8}T\d{6}Z-\w{6}/

/** Whether a line of output is the one that is shown; `…` stands for anything, and so do ids and times of a run. */
function isShown(shown: string, line: string): boolean {
  const parts = shown
    .trimEnd()
    .split('…')
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const pattern = parts
    .join('.*')
    .replaceAll('/home/me/project', '.*')
    .replace(RUN_ID, RUN_ID.source)
    .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, '[\\d-]+T[\\d:]+Z')
    .replace(/\b[0-9a-f]{40}\b/g, '[0-9a-f]{40}')
  return new RegExp(`^${pattern}$`).test(line)
}

interface Scene {
  page: string
  /** Items of the queue by their paths in it, beside those that the page makes. */
  items?: Record<string, string>
  /** Files of the workspace. */
  files?: Record<string, string>
  /** In git, with everything committed and wrk's hooks installed. */
  isRepository?: boolean
  env?: Env
  /** What happens before a line, without being shown: by a part of that line. */
  before?: Record<string, string>
}

const PENDING = (id: string, title: string, more: Record<string, string> = {}) => ({
  [`pending/${id}.md`]: item(id, { title, created_at: '"2026-02-16T10:00:00Z"', ...more }),
})

const SCENES: Scene[] = [
  { page: 'README.md' },
  {
    page: 'docs/items.md',
    items: {
      ...PENDING('WRK-157', 'Session locking', { priority: 'high' }),
      ...PENDING('WRK-26', 'Mooring planner'),
    },
  },
  {
    page: 'docs/automation/execute-and-review.md',
    items: PENDING('WRK-157', 'Session locking', { plan_approved: 'false' }),
  },
  {
    page: 'docs/commit-checks.md',
    items: PENDING('WRK-157', 'Item 157'),
    isRepository: true,
    before: {
      "git commit -qam 'Tidy up'": 'wrk note 157 "by B" --session terminal-a',
      "git commit -qam 'WRK-157: late'":
        'WRK_NOW=+3h wrk claim 157 --session terminal-b; echo "More text." >> .claude/work-queue/pending/WRK-157.md',
    },
  },
  {
    page: 'docs/automation/session-locks.md',
    items: {},
    files: { 'nightly.sh': '#!/bin/sh\nwhile [ ! -e stop ]; do sleep 0.05; done\n' },
    before: {
      'wrk lock run -- ./nightly.sh': 'until wrk lock show | grep -q nightly; do sleep 0.05; done',
      'wrk lock claim --ttl 5400 --purpose nightly_runner':
        'touch stop; until wrk lock show | grep -q "not locked"; do sleep 0.05; done',
    },
  },
  { page: 'docs/automation/receipts.md', isRepository: true },
  {
    page: 'docs/automation/shell-functions.md',
    items: PENDING('WRK-157', 'Session locking', { plan_approved: 'true' }),
    before: { 'another session has claimed it meanwhile': 'wrk claim 157 --session other' },
  },
]

test.each(SCENES)('$page shows what happens', async scene => {
  const text = readFileSync(join(ROOT, scene.page), 'utf8')
  const examples = examplesIn(text)
  expect(examples.length).toBeGreaterThan(1)
  const workspace = await prepare(scene, text)
  const env = cleanEnv(tempFolder(), { ...GIT, ...scene.env })
  let lastRun = ''
  const background: Promise<{ code: number | null }>[] = []
  for (const { terminal, line, command: written, shown, exitCode } of examples) {
    const command = written.replace(RUN_ID, lastRun)
    const who: Env = { ...env, WRK_SESSION_ID: terminal ? `terminal-${terminal.toLowerCase()}` : 'me' }
    const bash = (line: string) => finished(start('bash', ['-c', line], { cwd: workspace, env: who }))
    for (const [part, first] of Object.entries(scene.before ?? {})) if (line.includes(part)) await bash(first)
    if (command.endsWith(' &')) {
      background.push(bash(command.slice(0, -2)))
      continue
    }
    const { code, stdout, stderr } = await bash(command)
    const output = `${stdout}\n${stderr}`.split('\n')
    lastRun = RUN_ID.exec(stdout)?.[0] ?? lastRun
    const missing = shown.filter(line => !output.some(one => isShown(line, one)))
    expect({ command, code, missing, output: missing.length > 0 || code !== exitCode ? output : [] }).toEqual(
      {
        command,
        code: exitCode,
        missing: [],
        output: [],
      },
    )
  }
})

const GIT: Env = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 't',
  GIT_AUTHOR_EMAIL: 't@x',
  GIT_COMMITTER_NAME: 't',
  GIT_COMMITTER_EMAIL: 't@x',
}

async function prepare({ items, files = {}, isRepository }: Scene, text: string): Promise<string> {
  const workspace = join(tempFolder(), 'project')
  const queue = join(workspace, '.claude', 'work-queue')
  mkdirSync(workspace, { recursive: true })
  const scripts = [...text.matchAll(/^```bash\n#!.*\n# (\S+)\n([\s\S]*?)^```$/gm)]
  const all = { ...files, ...Object.fromEntries(scripts.map(([, name, script]) => [name!, script!])) }
  for (const [name, content] of Object.entries(all))
    writeFileSync(join(workspace, name), content, { mode: 0o755 })
  const env = cleanEnv(tempFolder(), { ...GIT, WRK_SESSION_ID: 'me' })
  const run = async (line: string) => {
    const { code, stderr } = await finished(start('bash', ['-c', line], { cwd: workspace, env }))
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`)
  }
  if (isRepository)
    await run('git init -q -b main . && git remote add origin https://example.org/acme/tools.git')
  if (items || isRepository) {
    await run('wrk init --scripts')
    for (const [name, content] of Object.entries(items ?? {})) writeFileSync(join(queue, name), content)
    markAsNew(queue)
  }
  if (isRepository) await run('wrk hooks install && git add -A && git commit -qm start --no-verify')
  return workspace
}
