/**
 * The bare repository in `.wrk` from which claims are pushed, and which keeps what was last fetched. A cache: its refs
 * are this clone's view and may be behind; deleting it loses nothing.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMissing } from '../../core/errno.ts'
import { putInPlace, sweepOldDrafts } from './drafts.ts'
import { emptyTree, type ObjectFormat, readLooseObject, writeObject } from './objects.ts'

/** Makes the repository where it is missing, without git: a few files. */
export function ensureRepository(gitDir: string, format: ObjectFormat): void {
  const sender = senderOf(gitDir)
  if (existsSync(join(sender, 'HEAD'))) return
  for (const folder of ['objects/info', 'objects/pack', 'refs/wrk'])
    for (const place of [gitDir, sender]) mkdirSync(join(place, folder), { recursive: true })
  const extension = format === 'sha1' ? '' : `[extensions]\n\tobjectFormat = ${format}\n`
  const version = format === 'sha1' ? 0 : 1
  const config = `[core]\n\trepositoryFormatVersion = ${version}\n\tbare = true\n\tfileMode = true\n${extension}`
  for (const place of [gitDir, sender]) writeFileSync(join(place, 'config'), config)
  writeObject(gitDir, emptyTree(format))
  writeFileSync(join(sender, 'objects/info/alternates'), '../../objects\n')
  // Last: with it, git takes the folder for a repository.
  for (const place of [gitDir, sender]) putInPlace(gitDir, join(place, 'HEAD'), 'ref: refs/heads/none\n')
}

/**
 * The repository that pushes are sent from: the same objects and no refs, since git reads every ref that it has here
 * before each push.
 */
export function senderOf(gitDir: string): string {
  return join(gitDir, 'sender')
}

/** Where a ref is in this clone's view; null when it has none. */
export function readRef(gitDir: string, ref: string): string | null {
  const text = textOf(join(gitDir, ref))?.trim()
  if (text && /^[0-9a-f]{40,64}$/.test(text)) return text
  const packed = textOf(join(gitDir, 'packed-refs'))
  const end = packed?.indexOf(` ${ref}\n`) ?? -1
  if (!packed || end < 0) return null
  return packed.slice(packed.lastIndexOf('\n', end) + 1, end)
}

/** Notes in this clone's view what a push has changed. */
export function noteRef(gitDir: string, ref: string, id: string): void {
  const path = join(gitDir, ref)
  mkdirSync(dirname(path), { recursive: true })
  putInPlace(gitDir, path, `${id}\n`)
}

/** A deleted ref that is packed too would come back: then git has to do it. @returns whether it is gone */
export function forgetRef(gitDir: string, ref: string): boolean {
  rmSync(join(gitDir, ref), { force: true })
  return readRef(gitDir, ref) === null
}

/** The message of a commit that is not packed; null when git has to be asked. */
export function looseMessage(gitDir: string, id: string): string | null {
  const text = readLooseObject(gitDir, id)?.toString('utf8')
  const end = text?.indexOf('\n\n') ?? -1
  return text === undefined || end < 0 ? null : text.slice(end + 2)
}

/** When all refs were last fetched; null when never. */
export function fetchedAt(gitDir: string): Date | null {
  return statSync(join(gitDir, MARK), { throwIfNoEntry: false })?.mtime ?? null
}

export function noteFetch(gitDir: string): void {
  const now = new Date()
  const path = join(gitDir, MARK)
  if (existsSync(path)) utimesSync(path, now, now)
  else writeFileSync(path, '')
  sweepOldDrafts(gitDir)
}

const MARK = 'wrk-fetched'
const ARCHIVE = 'wrk-archive'

/** The archive's text as it was last read, if it is that of this commit: spares reading three objects. */
export function readKeptArchive(gitDir: string, commit: string): string | null {
  const text = textOf(join(gitDir, ARCHIVE))
  return text?.startsWith(`${commit}\n`) ? text.slice(commit.length + 1) : null
}

export function keepArchive(gitDir: string, commit: string, text: string): void {
  putInPlace(gitDir, join(gitDir, ARCHIVE), `${commit}\n${text}`)
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EISDIR') return null
    throw error
  }
}
