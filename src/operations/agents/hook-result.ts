/** What a hook found that the agent should hear of. */
import type { HolderInfo } from '../claims/holder.ts'
import type { Superseded } from '../claims/lost-claims.ts'

export type HookResult =
  | { kind: 'nothing' }
  | {
      kind: 'started'
      session: string
      queue: string
      items: { id: string; title: string }[]
      lost: Superseded[]
    }
  | { kind: 'helper'; name: string; isKnownToShell: boolean }
  | { kind: 'lost'; lost: Superseded[] }
  | { kind: 'held'; id: string; holder: HolderInfo; now: Date }
  | { kind: 'hookless'; by: string }
  | { kind: 'nameless'; command: string; helper: string }

export const NOTHING: HookResult = { kind: 'nothing' }

export type HookEnvironment = Readonly<Record<string, string | undefined>>
