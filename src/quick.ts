/** The program of the bundles for what is called all day: it reads plain command lines, and leaves others to cli.ts. */
import type { CommandModule } from './commands/command.ts'
import { readPlainLine } from './plain-line.ts'
import { runAndPrint } from './print/run-and-print.ts'
import { commandWord, withoutAlias } from './words.ts'

type Load = () => Promise<CommandModule>

/** The commands that have a bundle which starts faster than the one with everything. */
export const QUICK = {
  claim: () => import('./commands/claims/claim.ts'),
  release: () => import('./commands/claims/release.ts'),
  heartbeat: () => import('./commands/sessions/heartbeat.ts'),
  show: () => import('./commands/items/show.ts'),
  list: () => import('./commands/items/queries/list.ts'),
  status: () => import('./commands/sessions/status.ts'),
  execute: () => import('./commands/runs/execute.ts'),
  next: () => import('./commands/items/queries/next.ts'),
  verify: () => import('./commands/commits/verify.ts'),
} satisfies Record<string, Load>

/**
 * Runs one command line, if it is plain, and prints its outcome.
 * @returns the exit code; null when the line is for the whole program (`main` in cli.ts), and nothing was done
 */
export async function main(given: readonly string[]): Promise<number | null> {
  const words = withoutAlias(given)
  const name = commandWord(words) ?? ''
  if (!Object.hasOwn(QUICK, name)) return null
  const { configure } = await QUICK[name as keyof typeof QUICK]()
  const line = readPlainLine(name, words, configure)
  return line && runAndPrint(words, line)
}
