/**
 * `wrk merge-driver %O %A %B %L %P` in a bundle of its own, without the command line's parser: git runs it for every
 * item that both sides of a merge changed.
 *
 * Exit codes are git's: 0 merged, 1 conflict, over 128 a failure. Node itself ends with 1 when it cannot load a file,
 * which git would take for a conflict with markers in the file; so the registered command asks with `--by-git` for
 * another code, and takes every other one for a program that does not work.
 */
import { type DriverResult, mergeDriver } from '../operations/merges/merge-driver.ts'
import { describeMerge } from '../print/merges/merge-driver.ts'
import { outcomeOfError } from '../print/outcome.ts'
import { write } from '../print/terminal.ts'

const MERGED = 0
const CONFLICT = 1
const CONFLICT_BY_GIT = 3
const FAILED = 129

export async function main(words: readonly string[]): Promise<number> {
  const byGit = words[1] === '--by-git'
  const [base, ours, theirs, size, path] = words.slice(byGit ? 2 : 1)
  try {
    const markerSize = Number(size)
    const request = { base: base!, ours: ours!, theirs: theirs!, markerSize, path: path! }
    const result: DriverResult = await mergeDriver(request)
    const said = describeMerge(result, path!)
    if (said) write(2, `wrk: ${said.message}\n     ${said.hint}\n`)
    if (result.kind === 'merged') return MERGED
    return byGit ? CONFLICT_BY_GIT : CONFLICT
  } catch (error) {
    const { refusal, trace } = outcomeOfError(error, Boolean(process.env.WRK_DEBUG))
    write(2, `wrk: ${refusal?.message ?? 'the merge driver failed'}\n${trace ? `${trace}\n` : ''}`)
    return FAILED
  }
}
