/** The receipt of a command about locks: made from what it was asked and from what it answered. */

import { isRunId } from '../../core/locks/session-lock.ts'
import { commandText, type ReceiptPaths } from '../../core/receipts/receipt.ts'
import { writeReceipt } from '../receipts/receipt.ts'
import type { LockContext } from './lock-place.ts'

/** What these receipts are filed under. */
export const LOCK_SKILL = 'session-lock-ops'

export interface LockAct {
  verb: string
  name: string
  flags: { ttl?: string; purpose?: string; runId?: string }
  globals: { queue?: string; behind?: readonly string[] | undefined }
  context: LockContext
  startedAt: Date
}

/**
 * @param answer the command's JSON
 * @throws WrkError IO; system errors pass
 */
export function lockReceipt(
  { verb, name, flags, globals, context, startedAt }: LockAct,
  answer: Record<string, unknown>,
  passed: boolean,
  out: string | undefined,
): ReceiptPaths {
  const { ttl, purpose, runId } = flags
  const options = Object.entries({ '--ttl': ttl, '--purpose': purpose, '--run-id': runId })
  const words = [
    ...['wrk', 'lock', verb, name],
    ...options.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(globals.behind ? ['--', ...globals.behind] : []),
  ]
  // To look at a lock, or to clean up, is nothing that its holder did.
  const run = ['claim', 'renew', 'release', 'run'].includes(verb) ? answer.run_id : null
  const changed = ['acquired', 'renewed', 'released'].some(key => answer[key] === true)
  const path = String(answer.lock_path)
  const { receipt_paths } = writeReceipt(
    {
      skill: LOCK_SKILL,
      status: passed ? 'pass' : 'fail',
      reason: typeof answer.error === 'string' ? answer.error : null,
      inputs: { operation: verb, name, ttl: ttl ?? null, purpose: purpose ?? null },
      commands: [commandText(words)],
      consumed: [path],
      produced: changed ? [path] : [],
      startedAt,
      endedAt: context.clock(),
      ...(typeof run === 'string' && isRunId(run) ? { runId: run } : {}),
    },
    { env: context.env, queue: globals.queue, out },
  )
  return receipt_paths
}
