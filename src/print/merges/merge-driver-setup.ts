/** Whether git asks wrk to merge items, beside what `wrk hooks` says of the hooks. */
import type { MergeDriverStatus } from '../../operations/merges/merge-driver-setup.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'

const WORDS: Record<MergeDriverStatus['driver'], string> = {
  none: 'not installed',
  installed: 'installed',
  outdated: 'outdated',
  gone: 'installed, but the program is gone',
  foreign: 'not installed; another driver is named merge.wrk',
}

/** The outcome of an install or uninstall, with the merge driver in it. */
export function withMergeDriver(outcome: Outcome, status: MergeDriverStatus & { changed: boolean }): Outcome {
  const json = { ...outcome.json, merge_driver: { ...jsonOf(status), changed: status.changed } }
  const warnings = [...(outcome.warnings ?? [])]
  if (status.driver === 'foreign') warnings.push(FOREIGN)
  return { ...outcome, json, warnings, text: `${outcome.text ?? ''}${describe(status)}` }
}

/** The outcome of a look: without the merge driver, not all is in place. */
export function needingMergeDriver(outcome: Outcome, status: MergeDriverStatus): Outcome {
  const json = { ...outcome.json, merge_driver: jsonOf(status) }
  const isInPlace = status.driver === 'installed' && (status.attributes?.state ?? 'installed') === 'installed'
  if (isInPlace || outcome.exitCode !== EXIT.done)
    return { ...outcome, json, text: `${outcome.text ?? ''}${describe(status)}` }
  const message = `not in place: merge driver (${status.driver === 'installed' ? `.gitattributes ${status.attributes?.state}` : status.driver})`
  const hint = 'Install it: wrk hooks install'
  return {
    exitCode: EXIT.failed,
    json: { ...json, ok: false, error: { code: 'FAILED', message, hint } },
    refusal: { message, hint },
    warnings: outcome.warnings ?? [],
  }
}

const FOREIGN =
  'git has another merge driver named wrk, which is not changed. See: git config --local --get merge.wrk.driver'

function jsonOf({ driver, attributes, postMerge }: MergeDriverStatus) {
  return {
    state: driver,
    attributes: attributes && { path: attributes.path, state: attributes.state },
    post_merge: postMerge,
  }
}

function describe({ driver, attributes }: MergeDriverStatus): string {
  const lines = attributes ? `, its lines in ${attributes.path}: ${attributes.state}` : ''
  return `  merge driver  ${WORDS[driver]}${lines}\n`
}
