/** git's pre-push hook: renews the session's claims, looks at the commits, and then lets the push go on. */
import type { RangeFinding } from '../../../core/commits/range-findings.ts'
import { WrkError } from '../../../core/errors.ts'
import { PUSHING } from '../../../system/git/push.ts'
import type { Context } from '../../context.ts'
import {
  callerSession,
  judgeLeaving,
  type Leaving,
  renewOrRefuse,
  settleBefore,
} from './renew-before-push.ts'

/**
 * @param remote as git gives it to the hook
 * @param input the hook's: `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID`, a line for each
 * @throws WrkError LOCKED: a claim was lost, its time is over, or it is of this clone only
 */
export async function prePush(
  context: Context,
  cwd: string,
  remote: string,
  input: string,
): Promise<{ findings: RangeFinding[]; warnings: string[] }> {
  if (!context.store.settings.isCoordinated || context.env[PUSHING]) return { findings: [], warnings: [] }
  const shared = await settleBefore(context)
  try {
    const session = await callerSession(context)
    const renewal = session === null ? [] : await renewOrRefuse(shared, session)
    const { findings, warnings } = await judgeLeaving(shared, cwd, readPushed(remote, input))
    return { findings, warnings: [...renewal, ...warnings] }
  } finally {
    await shared.engine.close()
  }
}

function readPushed(remote: string, input: string): Leaving[] {
  return input
    .split('\n')
    .filter(line => line.trim() !== '')
    .flatMap(line => {
      const [, tip, ref, there] = line.trim().split(' ')
      if (!tip || !ref || !there || !/^[0-9a-f]{40,64}$/.test(tip))
        throw new WrkError('USAGE', '--pre-push is for the hook pre-push, which git calls', {
          hint: 'Have git call it: wrk hooks install',
        })
      // A deletion brings nothing; what is not a branch does not concern it.
      if (/^0+$/.test(tip) || !ref.startsWith('refs/heads/')) return []
      const isRemote = /^[A-Za-z0-9._-]+$/.test(remote) && !remote.startsWith('-')
      return [{ tip, without: ['--not', ...(isRemote ? [`--remotes=${remote}`] : ['--remotes'])] }]
    })
}
