/**
 * Puts the shell scripts and the page about the workflow into a workspace, from the package's `templates/`.
 * Safe to repeat. What is there stays: a file with other content is reported, not replaced, and links are not followed.
 */
import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { realDisk } from '../../store/files/disk.ts'
import { createFile } from '../../store/files/replace-file.ts'
import { workspaceOfQueue } from '../../store/queue.ts'
import { guardHost } from '../context.ts'

export interface InstalledScripts {
  workspace: string
  /** Paths relative to the workspace, as the other two are: files that were made. */
  created: string[]
  /** Files that were there with the same content. */
  kept: string[]
  /** Files, or other things, that were there and are not what this version would put there; they stay. */
  different: string[]
}

interface Script {
  /** Below the package's `templates/`. */
  from: string
  /** Below the workspace. */
  to: readonly string[]
  mode: number
}

const AGENTS = ['scripts', 'agents']
const SCRIPTS: readonly Script[] = [
  { from: 'scripts/agents/execute.sh', to: [...AGENTS, 'execute.sh'], mode: 0o777 },
  { from: 'scripts/agents/review.sh', to: [...AGENTS, 'review.sh'], mode: 0o777 },
  {
    from: 'scripts/agents/lib/workflow-guards.sh',
    to: [...AGENTS, 'lib', 'workflow-guards.sh'],
    mode: 0o666,
  },
  { from: 'workflow-visual.html', to: [...AGENTS, 'workflow-visual.html'], mode: 0o666 },
]

/**
 * @param queue the queue of the workspace that gets them
 * @param templates the package's `templates/`
 * @throws WrkError IO when a link or a file is where a folder should be, before anything is written; system errors
 */
export function installScripts(queue: string, templates: string): InstalledScripts {
  const workspace = workspaceOfQueue(queue)
  const texts = SCRIPTS.map(({ from }) => readFileSync(join(templates, from)))
  for (const { to } of SCRIPTS)
    for (let i = 1; i < to.length; i++) refuseInTheWay(join(workspace, ...to.slice(0, i)))
  const result: InstalledScripts = { workspace, created: [], kept: [], different: [] }
  for (const [i, { to, mode }] of SCRIPTS.entries()) {
    const path = join(workspace, ...to)
    mkdirSync(join(path, '..'), { recursive: true })
    // Umask included, as for any file that a user makes.
    const how = { by: guardHost(), mode: mode & ~process.umask() }
    const made = createFile(realDisk, join(path, '..'), path, texts[i]!, how)
    const list = made ? result.created : isSame(path, texts[i]!) ? result.kept : result.different
    list.push(to.join('/'))
  }
  return result
}

function refuseInTheWay(path: string): void {
  const stat = unless(MISSING, undefined, () => lstatSync(path))
  if (!stat || stat.isDirectory()) return
  throw new WrkError(
    'IO',
    `${path} is ${stat.isSymbolicLink() ? 'a link' : 'not a folder'}; the scripts were not installed`,
    {
      hint: 'Replace it by a folder, then run the command again.',
    },
  )
}

function isSame(path: string, text: Buffer): boolean {
  return lstatSync(path).isFile() && readFileSync(path).equals(text)
}
