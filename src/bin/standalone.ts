/** The entry of the standalone executable, which holds the whole program and the runtime in one file. */

import { isAgentHook, isMergeDriver } from '../words.ts'
import { run } from './run.ts'

const words = process.argv.slice(2)

run({ main }, words)

async function main(line: readonly string[]): Promise<number> {
  if (isAgentHook(line)) return (await import('./hook.ts')).main(line)
  if (isMergeDriver(line)) return (await import('./merge-driver.ts')).main(line)
  return (await import('../cli.ts')).main(line)
}
