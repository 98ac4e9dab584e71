/**
 * `wrk agents hook claude` in a bundle of its own, without the command line's parser: it runs at every use of a tool.
 * Always ends with 0: a hook that fails must not stop an agent.
 */
import { actOn, claudeHook } from '../operations/agents/agent-hook.ts'
import { hookAnswer } from '../print/agents/agent-hook.ts'
import { EXIT } from '../print/exit-codes.ts'
import { outcomeOfError } from '../print/outcome.ts'
import { write } from '../print/terminal.ts'

/** @param input in place of stdin */
export async function main(_words: readonly string[], input?: string): Promise<number> {
  const debug = Boolean(process.env.WRK_DEBUG)
  try {
    const { env } = process
    const result = await (input === undefined
      ? claudeHook(env, process.cwd())
      : actOn(input, env, process.cwd()))
    write(1, hookAnswer(result))
  } catch (error) {
    const { refusal, trace } = outcomeOfError(error, debug)
    write(2, `wrk: ${refusal?.message ?? 'the hook failed'}\n${trace ? `${trace}\n` : ''}`)
  }
  return EXIT.done
}
