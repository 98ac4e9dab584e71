/** What the tests of upheaval have in common. */
import { spawnSync } from 'node:child_process'

// --- another pid namespace ---------------------------------------------------------------------------------

export const namespaces = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], {
  encoding: 'utf8',
})
