/** What `wrk resolve` has settled, and what is for a person, with the next step. */
import { relative } from 'node:path'
import { shellWord } from '../../core/commits/form.ts'
import { printable } from '../../core/text.ts'
import type { OpenReason, ResolveResult } from '../../operations/merges/resolve.ts'

type Open = ResolveResult['open'][number]

const shown = (text: string) => printable(text, 200)

/** One line for each item that is settled. `here` shortens the repository's paths to those from the caller's folder. */
export function settledLines(
  { settled }: ResolveResult,
  here: (path: string) => string,
  check: boolean,
): string {
  const would = check ? 'would be ' : ''
  return settled
    .map(({ id, path, from, edited }) => {
      if (path === null) return `${shown(id)}: ${would}removed, as on the side that removed it\n`
      const others =
        from.length > 0 ? ` (${check ? 'now' : 'was'} ${from.map(one => shown(here(one))).join(', ')})` : ''
      return `${shown(id)}: ${would}${shown(here(path))}${others}${edited ? ', as you edited it' : ''}\n`
    })
    .join('')
}

/** Two lines for each item that is left for a person. */
export function openLines({ open }: ResolveResult, here: (path: string) => string): string[] {
  return open.flatMap(one => [`${shown(one.id)}: ${whatOf(one.why)}`, `     ${nextOf(one, here)}`])
}

function whatOf(why: OpenReason): string {
  if (why.kind === 'person') return printable(why.reason, 300)
  if (why.kind === 'conflict')
    return `both sides changed ${why.keys.map(key => printable(key, 40)).join(', ') || 'the same lines'}`
  return why.by === 'theirs'
    ? 'changed on our side, removed on theirs'
    : 'removed on our side, changed on theirs'
}

function nextOf({ id, path, why }: Open, here: (path: string) => string): string {
  const file = shellWord(here(path))
  if (why.kind === 'deleted') return `Keep it: git add ${file}. Remove it: git rm ${file}`
  if (why.kind === 'person' && why.paths.length > 1) {
    const all = why.paths.map(one => shellWord(here(one)))
    return `Keep all that counts in one of ${all.join(', ')}; git rm the other, then: wrk resolve ${shown(id)}`
  }
  return `Edit ${file}, then: wrk resolve ${shown(id)}`
}

/** Makes paths of a repository into those from a folder in it. */
export function pathsFrom(top: string, cwd: string): (path: string) => string {
  return path => relative(cwd, `${top}/${path}`) || '.'
}
