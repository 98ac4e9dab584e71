/**
 * A server's hook: what is pushed, against the records that are kept in that very repository. Refuses commits against
 * other holders' claims, and pushes that roll a claim back or delete one that is held, which `+refspec` and `--force`
 * do past every lease. Asks nobody.
 */
import { recordIn } from '../../../coordination/git/archive.ts'
import { recordInMessage } from '../../../coordination/git/claim-commit.ts'
import { claimFindings } from '../../../core/commits/claim-findings.ts'
import type { RangeFinding } from '../../../core/commits/range-findings.ts'
import type { SharedReading } from '../../../core/coordination/record.ts'
import { archiveRefOf, REFS, refOf, TOP_QUEUE } from '../../../core/coordination/ref-name.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { git } from '../../../system/git/git.ts'
import { coordinatedQueues } from './items-of-commits.ts'

export interface Received {
  findings: RangeFinding[]
  commits: number
  checked: number
  warnings: string[]
}

/** One ref as it is to be changed: `OLD NEW REF` of pre-receive, `REF OLD NEW` of update. */
interface Update {
  ref: string
  from: string
  to: string
}

/** @param words of the update hook, none for pre-receive @param input of pre-receive @throws WrkError USAGE */
export function readUpdates(words: readonly string[], input: string): Update[] {
  if (words.length > 0) {
    const [ref, from, to] = words
    if (words.length !== 3 || !ref || !isId(from) || !isId(to)) throw notAnUpdate()
    return [{ ref, from, to }]
  }
  return input
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [, from, to, ref] = /^([0-9a-f]+) ([0-9a-f]+) (.+)$/.exec(line) ?? []
      if (!isId(from) || !isId(to) || !ref) throw notAnUpdate()
      return { ref, from, to }
    })
}

const isId = (text: string | undefined): text is string => /^[0-9a-f]{40,64}$/.test(text ?? '')
const isNone = (id: string): boolean => /^0+$/.test(id)

function notAnUpdate(): WrkError {
  return new WrkError('USAGE', '--pre-receive is for the hooks pre-receive and update of a server', {
    hint: 'In hooks/pre-receive: exec wrk verify --pre-receive. In hooks/update: exec wrk verify --pre-receive "$@"',
  })
}

/** @throws WrkError IO, USAGE */
export function verifyReceived(cwd: string, updates: readonly Update[]): Received {
  const received: Received = { findings: [], commits: 0, checked: 0, warnings: [] }
  for (const update of updates) {
    if (/^refs\/wrk\/(claims|locks)\//.test(update.ref)) received.findings.push(...judgeClaim(cwd, update))
    else if (update.ref.startsWith('refs/heads/') && !isNone(update.to)) judgeBranch(cwd, update, received)
  }
  return received
}

function judgeBranch(cwd: string, { to }: Update, received: Received): void {
  for (const queue of coordinatedQueues(cwd, { tip: to, target: null }, ['--not', '--all'])) {
    const { folder, settings, commits } = queue
    if (settings.engine !== 'git') {
      received.warnings.push(
        `${folder}: its claims are in a database; verify it in CI with: wrk verify --range A..B --coordination`,
      )
      continue
    }
    const name = settings.queue ?? (folder || TOP_QUEUE)
    const keys = new Set(commits.flatMap(({ items }) => [...items.keys()]))
    const records = new Map([...keys].map(key => [key, recordHere(cwd, name, key)]))
    received.findings.push(
      ...claimFindings(
        commits,
        key => records.get(key) ?? null,
        () => false,
      ),
    )
    received.commits += commits.length
    received.checked += keys.size
  }
}

/** As this repository has it now: its own ref, else the archive of closed ones. */
function recordHere(cwd: string, queue: string, key: ItemKey): SharedReading | null {
  const entry = { kind: 'claims', name: key } as const
  const message = messageOf(cwd, refOf(queue, entry))
  if (message !== null) return recordInMessage(message)
  const archive = git(cwd, ['cat-file', 'blob', `${archiveRefOf(queue)}:closed`], { scope: 'caller' })
  return archive.code === 0 ? recordIn(archive.stdout.toString('utf8'), entry) : null
}

function messageOf(cwd: string, name: string): string | null {
  const { code, stdout } = git(cwd, ['cat-file', 'commit', name], { scope: 'caller' })
  if (code !== 0) return null
  const text = stdout.toString('utf8')
  return text.slice(text.indexOf('\n\n') + 2)
}

/** What follows the record that is there may come; trial records are removed by whoever made them. */
function judgeClaim(cwd: string, { ref, from, to }: Update): RangeFinding[] {
  if (isNone(from)) return []
  const about = {
    severity: 'error',
    path: ref,
    line: 1,
    column: 1,
    item: ref.slice(REFS.length),
    commit: null,
  } as const
  const reading = recordInMessage(messageOf(cwd, from) ?? '')
  const isHeld = reading.kind === 'record' && reading.record.state === 'held'
  if (isNone(to))
    return isHeld && !ref.includes('/wrk-probe-')
      ? [{ ...about, code: 'claim-deleted', message: 'this claim is held, and may not be deleted' }]
      : []
  const { stdout } = git(cwd, ['rev-parse', '--verify', '--quiet', `${to}^1`], { scope: 'caller' })
  if (stdout.toString('utf8').trim() === from) return []
  const message = 'this does not follow the claim that is there: it would roll it back'
  return [{ ...about, code: 'claim-rolled-back', message }]
}
