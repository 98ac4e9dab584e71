/** What the tests of scripts have in common. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM, ROOT } from '../support/program.ts'
import { markAsNew } from '../support/queue.ts'
import type { Result } from '../support/result.ts'

const TEMPLATES = join(ROOT, 'templates')
export const FILES = [
  'scripts/agents/execute.sh',
  'scripts/agents/review.sh',
  'scripts/agents/lib/workflow-guards.sh',
  'scripts/agents/workflow-visual.html',
] as const
export const GUARDS = FILES[2]
export const templateOf = (name: string) =>
  join(TEMPLATES, name.endsWith('.html') ? name.slice('scripts/agents/'.length) : name)

export interface BashOptions {
  session?: string | null
  env?: Env
  cwd?: string
  /** What comes before the lib is sourced. */
  before?: string
  /** In place of `bash -c`. */
  flags?: readonly string[]
}

/** A folder with a queue and the scripts; its path holds blanks and letters that are not ASCII. */
export class Workspace {
  readonly home = tempFolder()
  readonly root = join(this.home, 'wörk späce $(x)')
  readonly queue = join(this.root, '.claude', 'work-queue')
  readonly starts = join(this.home, 'starts')

  constructor(items: Record<string, string> = {}, scripts = true) {
    for (const folder of ['pending', 'working', 'blocked', 'done', 'archive'])
      mkdirSync(join(this.queue, folder), { recursive: true })
    markAsNew(this.queue)
    for (const [name, text] of Object.entries(items)) this.write(name, text)
    if (scripts) for (const name of FILES) this.install(name)
  }

  private install(name: string): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true })
    copyFileSync(templateOf(name), join(this.root, name))
    if (!name.includes('lib')) chmodSync(join(this.root, name), 0o755)
  }

  path(name: string): string {
    return join(this.queue, /^WRK-\d+$/.test(name) ? `pending/${name}.md` : name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  env({ session = 'tester', env = {} }: BashOptions = {}): Env {
    const all = { ...(session === null ? {} : { WRK_SESSION_ID: session }), ...env }
    return cleanEnv(this.home, all)
  }

  /** Sources the lib in a script of its own and runs commands. */
  bash(commands: string, options: BashOptions = {}): Promise<Result> {
    const { before = 'set -euo pipefail', flags = ['--norc', '--noprofile', '-c'] } = options
    const text = `${before}\nsource "$LIB"\n${commands}\n`
    const own = { LIB: join(this.root, GUARDS), W: this.root, Q: this.queue }
    const env = { ...own, ...this.env(options) }
    return finished(start('/bin/bash', [...flags, text], { cwd: options.cwd ?? this.home, env }))
  }

  script(name: 'execute' | 'review', args: readonly string[], options: BashOptions = {}): Promise<Result> {
    const program = join(this.root, 'scripts', 'agents', `${name}.sh`)
    return finished(start(program, args, { cwd: options.cwd ?? this.home, env: this.env(options) }))
  }

  /** A wrk that notes each start; gives the environment that names it. */
  counting(): Env {
    const program = join(this.home, 'counting wrk')
    writeFileSync(
      program,
      `#!/bin/bash\necho "$*" >>'${this.starts}'\nexec ${[PROGRAM, ...FIRST].map(word => `'${word}'`).join(' ')} "$@"\n`,
    )
    chmodSync(program, 0o755)
    return { WRK_BIN: program }
  }

  startsNoted(): number {
    if (!existsSync(this.starts)) return 0
    return readFileSync(this.starts, 'utf8').split('\n').length - 1
  }
}

/** Every path below a folder with mode and content; the page's and the scripts' times too. */
export function stampedSnapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map(name => {
      const path = join(folder, name)
      const stat = lstatSync(path, { bigint: true })
      const content = stat.isSymbolicLink()
        ? readlinkSync(path)
        : stat.isFile()
          ? `${stat.mtimeNs} ${readFileSync(path, 'latin1')}`
          : ''
      return [name, `${stat.mode} ${stat.ino} ${content}`]
    }),
  )
}

/** Calls each function of the lib once. */
export const EACH_FUNCTION = `claim_wrk WRK-157 >/dev/null
file="$(resolve_wrk_file 157)"
wrk_set_frontmatter_value "$file" priority high
[ "$(wrk_get_frontmatter_value "$file" priority)" = high ]
assert_provider claude
session_set_scalar orchestrator_agent claude
assert_orchestrator_or_fail claude
session_record_stage WRK-157 s
[ "$(session_get last_stage)" = s ]
release_wrk WRK-157 >/dev/null
release_wrk WRK-99 2>/dev/null
! resolve_wrk_file 99 2>/dev/null
`
