/** What every layer above hands down to the store. */

import type { Settings } from '../core/config.ts'
import type { GuardHost } from './files/guard.ts'
import type { RegistryFile } from './sessions/session-registry.ts'

/** Everything that the operations need to touch a queue. */
export interface Store {
  host: GuardHost
  root: string
  /** `.wrk` in the queue. */
  stateDir: string
  registry: RegistryFile
  settings: Settings
  /** Whether a file is what git has committed; asked only of an id that is in two places. */
  isCommittedCopy: (path: string) => boolean
}
