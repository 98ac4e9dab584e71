/** The texts that git, its driver or an earlier resolve may have left of an item: in these is nobody's own work. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mergeItem } from '../../core/merges/merge-item.ts'
import { git } from '../../system/git/git.ts'
import type { SceneItem } from './merge-scene.ts'

export interface TextsAsLeft {
  texts: Buffer[]
  /** Whether the item's versions can be merged without a person. */
  isDecided: boolean
}

/** @param like the file in the working tree: its conflict markers tell how conflicts were written */
export function textsAsLeft(item: SceneItem, like: Buffer): TextsAsLeft {
  const { base, ours, theirs, byGit } = item
  const texts = [...[base, ours, theirs].flatMap(one => one?.bytes ?? []), ...byGit]
  if (!ours || !theirs) return { texts, isDecided: true }
  const size = /^(<{7,}) /m.exec(like.toString('latin1'))?.[1]?.length ?? 7
  const versions = { base: base?.bytes ?? null, ours: ours.bytes, theirs: theirs.bytes }
  const showBase = /^\|{7,}/m.test(like.toString('latin1'))
  const merged = mergeItem(versions, { size, showBase })
  // Where git saw no move, both sides have added the file for it, and there is no base.
  for (const one of [merged, mergeItem({ ...versions, base: null }, { size, showBase })])
    if ('bytes' in one) texts.push(one.bytes)
  for (const one of [item, { ...item, base: null }])
    if (!texts.some(text => text.equals(like))) texts.push(...mergedByGit(one, like, size, showBase))
  return { texts, isDecided: merged.kind === 'merged' }
}

/** What git makes of them without a driver, in both directions, with the labels that the file has. */
function mergedByGit(
  { base, ours, theirs }: SceneItem,
  like: Buffer,
  size: number,
  showBase: boolean,
): Buffer[] {
  const text = like.toString('utf8')
  const label = (mark: string) => new RegExp(`^\\${mark}{${size}} (.*?)\\r?$`, 'm').exec(text)?.[1] ?? 'x'
  const folder = mkdtempSync(join(tmpdir(), 'wrk-resolve-'))
  try {
    for (const [name, version] of Object.entries({ base, ours, theirs }))
      writeFileSync(join(folder, name), version?.bytes ?? '')
    const labels = ['<', '|', '>'].flatMap(mark => ['-L', label(mark)])
    const style = showBase ? [['--diff3'], ['--zdiff3']] : [[]]
    return style.flatMap(more =>
      [
        ['ours', 'base', 'theirs'],
        ['theirs', 'base', 'ours'],
      ].flatMap(order => {
        const args = ['merge-file', '-p', `--marker-size=${size}`, ...more, ...labels, ...order]
        const { code, stdout } = git(folder, args, { scope: 'folder' })
        return code < 128 ? [stdout] : []
      }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
