/** The index and trees as lists of files, and changes of the index. Plumbing only; the working tree is not touched. */
import { WrkError } from '../../core/errors.ts'
import { gitIn, pathspecOf, type Repository } from './repository.ts'

export interface GitEntry {
  /** From the repository's top, with `/`. */
  path: string
  mode: string
  blob: string
  /** 0; of a conflict 1 for the base, 2 for ours, 3 for theirs. */
  stage: number
}

/** Regular files of the index below a folder, with all stages. @throws WrkError IO */
export function indexEntries(repository: Repository, folder: string): GitEntry[] {
  const output = run(repository, ['ls-files', '--stage', '--full-name', '-z', '--', pathspecOf(folder)])
  return parse(output, /^(\d+) ([0-9a-f]+) (\d)\t([\s\S]+)$/, ([mode, blob, stage, path]) => ({
    path: path!,
    mode: mode!,
    blob: blob!,
    stage: Number(stage),
  }))
}

/** Regular files of a commit or tree below a folder; none when there is no such tree. @throws WrkError IO */
export function treeEntries(repository: Repository, tree: string, folder: string): GitEntry[] {
  const within = folder === '' ? [] : [`${folder}/`]
  const output = run(repository, ['ls-tree', '-r', '-z', '--full-tree', tree, '--', ...within])
  return parse(output, /^(\d+) blob ([0-9a-f]+)\t([\s\S]+)$/, ([mode, blob, path]) => ({
    path: path!,
    mode: mode!,
    blob: blob!,
    stage: 0,
  }))
}

/** Puts bytes into the object store as they are. @returns their id @throws WrkError IO */
export function writeBlob(repository: Repository, bytes: Buffer): string {
  return run(repository, ['hash-object', '-w', '--stdin'], bytes).toString('utf8').trim()
}

/**
 * Takes paths out of the index, with all their stages, and puts entries in, in one step.
 * @throws WrkError IO; BUSY when another git holds the index
 */
export function changeIndex(
  repository: Repository,
  remove: readonly string[],
  add: readonly GitEntry[],
): void {
  const nothing = '0'.repeat((add[0]?.blob ?? '').length || 40)
  const input = [
    ...remove.map(path => `0 ${nothing}\t${path}\0`),
    ...add.map(({ mode, blob, stage, path }) => `${mode} ${blob} ${stage}\t${path}\0`),
  ].join('')
  run(repository, ['update-index', '-z', '--index-info'], Buffer.from(input))
  // Of another index nobody asks what is in the working tree.
  if (repository.index !== undefined) return
  // So that git need not look into the files to know that they are as it has them.
  gitIn(repository, ['update-index', '-q', '--refresh'])
}

function parse(output: Buffer, pattern: RegExp, make: (parts: string[]) => GitEntry): GitEntry[] {
  return output
    .toString('utf8')
    .split('\0')
    .flatMap(line => {
      const parts = pattern.exec(line)
      return parts && parts[1]!.startsWith('100') ? [make(parts.slice(1))] : []
    })
}

function run(repository: Repository, args: readonly string[], input?: Buffer): Buffer {
  const { code, stdout, stderr } = gitIn(repository, args, input)
  if (code === 0) return stdout
  if (stderr.includes('index.lock'))
    throw new WrkError('BUSY', 'another git command is changing the index', {
      hint: 'Wait until it has ended, then run the command again.',
    })
  throw new WrkError('IO', `git ${args[0]} failed: ${stderr.trim().replace(/^(?:fatal|error): /, '')}`)
}
