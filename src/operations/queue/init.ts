/**
 * Makes a queue, or completes one: folders, settings, the item template, and what keeps machine-local files
 * out of git. Safe to repeat; a file that is there is never replaced.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { WrkError } from '../../core/errors.ts'
import { STATUS_FOLDERS } from '../../core/items/status.ts'
import { realDisk } from '../../store/files/disk.ts'
import { createFile } from '../../store/files/replace-file.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import { isFolder, isQueue, QUEUE_IN_WORKSPACE, queueAbove, workspaceOfQueue } from '../../store/queue.ts'
import { noteState } from '../../store/state-file.ts'
import { makeFolders } from '../../store/state-folders.ts'
import { guardHost } from '../context.ts'

export interface InitResult {
  queue: string
  /** Paths that were made or added to, relative to the queue. */
  created: string[]
  /** Of these, what was there and was added to. */
  added_to: string[]
  /** Paths that were there and stayed as they are. */
  kept: string[]
  warnings: string[]
}

/** The texts of new files, from the package's `templates/`. */
export interface Templates {
  settings: string
  item: string
}

/**
 * @param dir the queue's folder; a folder with `.git` or `.claude` is a workspace, and its queue is
 *   `.claude/work-queue`. Without it: the workspace is `cwd`.
 * @param separate makes a second queue below the workspace of another
 * @throws WrkError USAGE (it would be within another queue, or hide one above), IO (`dir` is a file); system errors
 */
export function init(
  dir: string | undefined,
  cwd: string,
  templates: Templates,
  separate = false,
): InitResult {
  const queue = queueFor(dir, cwd)
  const made: InitResult = {
    queue,
    created: [],
    added_to: [],
    kept: [],
    warnings: doubtsAbout(queue, separate),
  }
  const tell = (isNew: boolean, name: string) => (isNew ? made.created : made.kept).push(name)

  for (const folder of FOLDERS) tell(makeFolder(join(queue, folder)), `${folder}/`)
  const stateDir = join(queue, '.wrk')
  tell(makeFolder(stateDir), '.wrk/')
  const isNew = itemPlaces(realDisk, queue).length === 0
  noteState(realDisk, stateDir, realpathSync.native(queue), new Date(), isNew ? 'init' : 'use')
  makeFolders(realDisk, stateDir)
  const staging = join(stateDir, 'tmp')

  // Git knows no empty folders: a merge would take moves of all items of one for a move of the folder itself, and put
  // new items into the other.
  for (const folder of FOLDERS)
    tell(makeFile(staging, join(queue, folder, '.gitkeep'), ''), `${folder}/.gitkeep`)
  tell(makeFile(staging, join(queue, 'wrk.yaml'), templates.settings), 'wrk.yaml')
  makeFolder(join(queue, 'templates'))
  tell(makeFile(staging, join(queue, 'templates', 'item.md'), templates.item), 'templates/item.md')
  const ignored = ignoreSessionState(staging, join(queue, '.gitignore'))
  tell(ignored !== 'kept', '.gitignore')
  if (ignored === 'added to') made.added_to.push('.gitignore')
  return made
}

const FOLDERS = STATUS_FOLDERS.filter(name => name !== 'archived')

function queueFor(dir: string | undefined, cwd: string): string {
  if (dir === undefined) return isQueue(cwd) ? cwd : join(cwd, QUEUE_IN_WORKSPACE)
  const named = resolve(cwd, dir)
  if (existsSync(named) && !isFolder(named))
    throw new WrkError('IO', `${named} is a file, not a folder`, { hint: 'Name a folder for the queue.' })
  const isWorkspace = !isQueue(named) && (existsSync(join(named, '.git')) || isFolder(join(named, '.claude')))
  return isWorkspace ? join(named, QUEUE_IN_WORKSPACE) : named
}

/** A new queue hides one above it from whoever works below; within the other's folders it is surely not meant. */
function doubtsAbout(queue: string, separate: boolean): string[] {
  const ground = queue.endsWith(sep + QUEUE_IN_WORKSPACE) ? workspaceOfQueue(queue) : queue
  const above = isQueue(queue) ? null : queueAbove(dirname(ground))
  if (above === null) return []
  if (queue.startsWith(above + sep))
    throw new WrkError('USAGE', `${queue} would be inside the queue ${above}`, {
      hint: `Complete that queue: wrk init ${above}. Or name a folder outside of it.`,
    })
  if (!separate)
    throw new WrkError('USAGE', `there is already a queue for this folder: ${above}`, {
      hint: 'Make a second one that replaces it here: wrk init --separate',
    })
  return [`from now on ${ground} uses this queue, not ${above}`]
}

function makeFolder(path: string): boolean {
  return realDisk.mkdirSync(path, { recursive: true }) !== undefined
}

function makeFile(staging: string, path: string, text: string): boolean {
  return createFile(realDisk, staging, path, Buffer.from(text), { by: guardHost() })
}

const IGNORED = 'session-state.yaml'

/** Adds the rule to the queue's .gitignore, unless it has one. The rest of the file stays as it is. */
function ignoreSessionState(staging: string, path: string): 'made' | 'added to' | 'kept' {
  if (makeFile(staging, path, `# Machine-local state of wrk.\n${IGNORED}\n`)) return 'made'
  const text = readFileSync(path, 'utf8')
  if (text.split(/\r?\n/).some(line => /^\/?session-state\.yaml\s*$/.test(line))) return 'kept'
  append(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}${IGNORED}\n`)
  return 'added to'
}

/** Adds to the end of a file of the user's; what is there is not touched, and a cut-off addition is taken back. */
function append(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.from(text)
    if (writeSync(fd, bytes) === bytes.length) return
    ftruncateSync(fd, size)
    throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC', syscall: 'write', path })
  } finally {
    closeSync(fd)
  }
}
