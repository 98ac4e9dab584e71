/** Where this wrk is, and what starts it again: a package that Node runs, or the standalone executable. */
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The package's `templates/`; of the executable, those that are inside it. */
export function templatesFolder(): string {
  // The executable's own script is in the file system inside it, beside the templates.
  return WRK_STANDALONE ? join(dirname(process.argv[1]!), 'templates') : join(__dirname, '..', 'templates')
}

/** What starts this wrk: another `wrk` on the PATH may be the load tester of that name. */
export interface OwnProgram {
  /** What runs `script`; null when that runs by itself. */
  node: string | null
  script: string
}

export function ownProgram(): OwnProgram {
  return WRK_STANDALONE
    ? { node: null, script: process.execPath }
    : { node: process.execPath, script: realpathSync(process.argv[1]!) }
}
