/** What `wrk merge-driver` says to people, beside what git says of the same file. */
import { printable } from '../../core/text.ts'
import type { DriverResult } from '../../operations/merges/merge-driver.ts'

const WHERE = { base: 'before', ours: 'ours', theirs: 'theirs', path: 'the file’s name' } as const

/** What happened, and the next step; null when there is nothing to say. */
export function describeMerge(result: DriverResult, path: string): { message: string; hint: string } | null {
  if (result.kind === 'merged') return null
  if (result.kind === 'conflict') {
    const keys = result.keys.map(key => printable(key, 40)).join(', ')
    return {
      message: `${printable(result.item, 60)}: both sides changed ${keys || 'the same lines'}.`,
      hint: `Edit it, then: wrk resolve ${printable(result.item, 60)}`,
    }
  }
  const [one, other] = result.named.map(({ version, id }) => `${printable(id, 60)} (${WHERE[version]})`)
  return {
    message: `${printable(path, 200)}: not merged, these are two items: ${one}, ${other}.`,
    hint: 'git took one as a rename of the other. Restore both: wrk resolve',
  }
}
