/** What `wrk doctor` found, for people: counts first, then one group for each kind, the worst first. */
import type { Finding, Severity } from '../../core/doctor/finding.ts'
import { printable } from '../../core/text.ts'
import type { Diagnosis } from '../../operations/doctor/doctor.ts'
import { paint, type Screen, type Style } from '../terminal.ts'
import { wrap } from '../wrap.ts'

/** How many findings of one kind are shown. */
const MOST = 8

const RANK: Record<Severity, number> = { error: 0, warning: 1, note: 2 }
const STYLES: Record<Severity, Style> = { error: 'red', warning: 'yellow', note: 'dim' }

const TITLES: Record<Finding['code'], string> = {
  'no-frontmatter': 'no frontmatter',
  unreadable: 'frontmatter that cannot be read',
  'duplicate-key': 'duplicate keys',
  'id-mismatch': 'ids that differ from the file names',
  'unreadable-lock': 'locks that cannot be read',
  'unreadable-record': 'unreadable records',
  'put-back-copy': 'copies that git restored',
  'half-lock': 'half locks',
  'not-a-file': 'not regular files',
  'no-permission': 'files without permission',
  'not-a-folder': 'not folders',
  'unseen-item': 'items that no command sees',
  'conflict-copy': 'conflict copies',
  'merge-conflict': 'unresolved merge conflicts',
  'two-places': 'ids in several places',
  'status-folder': 'statuses that do not fit the folder',
  'dead-lock': 'locks of dead holders',
  'left-work': 'work begun and left',
  'lock-lines': 'lock lines that git or an editor changed',
  'ended-session': 'locks of sessions that ended',
  'stale-lock': 'stale locks',
  'cut-short-move': 'interrupted moves',
  'circular-dependency': 'circular dependencies',
  'dangling-dependency': 'dependencies that do not exist',
  'missing-field': 'fields without a value',
  'unreadable-date': 'dates that cannot be read',
  'unknown-priority': 'unknown priorities',
  'not-writable': 'files that this user may not change',
  'unknown-setting': 'unknown settings',
  registry: 'session-state.yaml',
  'tracked-state': 'machine-local files that git tracks',
  'not-ignored': 'machine-local files that git does not ignore',
  'ignored-folder': 'folders of the queue that git ignores',
  'torn-log': 'the event log',
  'left-over': 'remains of dead processes',
  'unlogged-change': 'changes that may not be logged',
  'kept-bytes': 'overwritten edits that were kept',
  hooks: 'git hooks',
  'agent-hooks': 'hooks of agents',
  'merge-driver': 'merge driver',
}

export function describeDiagnosis(diagnosis: Diagnosis, terminal: Screen): string {
  const { root, items, findings, fixed, failed } = diagnosis
  const lines = [`${printable(root, 1000)}: ${many(items, 'item')}, ${summary(findings, failed)}`]
  if (fixed.length > 0) {
    lines.push('', paint(terminal, 'green', `repaired: ${fixed.length}`))
    lines.push(
      ...some(fixed, ({ finding, done }) => [
        ...wrapped(`${whereOf(finding, root)}: ${finding.message}`, terminal.width, '  '),
        ...wrapped(`-> ${done}`, terminal.width, '     '),
      ]),
    )
  }
  for (const { finding, error } of failed)
    lines.push(
      '',
      ...wrapped(`could not repair ${whereOf(finding, root)}: ${error.message}`, terminal.width, ''),
    )
  for (const group of grouped(findings)) {
    const { severity, code } = group[0]!
    lines.push('', paint(terminal, STYLES[severity], `${severity}: ${TITLES[code]} (${group.length})`))
    // What is the same for several in a row is said once, behind them.
    lines.push(
      ...some(group, (finding, next) => [
        ...wrapped(`${whereOf(finding, root)}: ${finding.message}`, terminal.width, '  '),
        ...(next && whatToDo(next) === whatToDo(finding)
          ? []
          : wrapped(whatToDo(finding), terminal.width, '     ')),
      ]),
    )
  }
  return `${lines.join('\n')}\n`
}

function whatToDo({ fix, advice }: Finding): string {
  return fix ? `--fix: ${fix.does}` : advice
}

/** The item's file by its path in the queue, which names the id too; else what the finding is about. */
function whereOf({ path, item, line, column, code }: Finding, root: string): string {
  if (code === 'two-places' || code === 'circular-dependency') return item ?? ''
  const short = path?.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
  return `${short ?? item ?? 'git'}${line > 0 ? `:${line}:${column}` : ''}`
}

function grouped(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>()
  for (const finding of findings) {
    const name = `${finding.severity} ${finding.code}`
    groups.set(name, [...(groups.get(name) ?? []), finding])
  }
  return [...groups.values()].sort((a, b) => RANK[a[0]!.severity] - RANK[b[0]!.severity])
}

function some<T>(all: readonly T[], describe: (one: T, next: T | undefined) => string[]): string[] {
  const shown = all.slice(0, MOST)
  const lines = shown.flatMap((one, i) => describe(one, shown[i + 1]))
  if (all.length > MOST) lines.push(`  and ${all.length - MOST} more: wrk doctor --json`)
  return lines
}

function summary(findings: readonly Finding[], failed: Diagnosis['failed']): string {
  if (findings.length === 0) return 'nothing is wrong'
  const parts = (['error', 'warning', 'note'] as const).flatMap(word => {
    const number = findings.filter(({ severity }) => severity === word).length
    return number > 0 ? many(number, word) : []
  })
  // After --fix, what it could not repair does not count as repairable.
  const fixable = failed.length > 0 ? 0 : findings.filter(({ fix }) => fix).length
  return `${parts.join(', ')}${fixable > 0 ? `; --fix repairs ${fixable}` : ''}`
}

function many(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

function wrapped(text: string, width: number, indent: string): string[] {
  return wrap(printable(text, 2000), width, { first: indent, rest: `${indent}  ` })
}
