/** The entry of the standalone executable, which holds the whole program and the runtime in one file. */

import { isAgentHook } from '../words.ts'
import { run } from './run.ts'

const words = process.argv.slice(2)

run({ main }, words)

async function main(line: readonly string[]): Promise<number> {
  const program = isAgentHook(line) ? await import('./hook.ts') : await import('../cli.ts')
  return program.main(line)
}
