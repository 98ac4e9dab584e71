/**
 * `wrk agents hook AGENT` in a bundle of its own, without the command line's parser: it runs at an agent's every use of a
 * tool, as far as the shell part does not find that there is nothing to do (templates/agents/hook.sh).
 * Always ends with 0: a hook that fails must not stop an agent.
 */
import { agentHook } from '../operations/agents/agent-hook.ts'
import { hookAnswer } from '../print/agents/agent-hook.ts'
import { EXIT } from '../print/exit-codes.ts'
import { outcomeOfError } from '../print/outcome.ts'
import { write } from '../print/terminal.ts'

/** @param input in place of stdin */
export async function main(words: readonly string[], input?: string): Promise<number> {
  const debug = Boolean(process.env.WRK_DEBUG)
  const [, , agent = '', word, folder, key, from] = words
  const mark = word && folder ? { agent, word, folder, key: key ?? '' } : undefined
  try {
    const { env } = process
    write(
      1,
      hookAnswer(await agentHook(agent, env, process.cwd(), { input, mark, isPlugin: from === 'plugin' })),
    )
  } catch (error) {
    const { refusal, trace } = outcomeOfError(error, debug)
    write(2, `wrk: ${refusal?.message ?? 'the hook failed'}\n${trace ? `${trace}\n` : ''}`)
  }
  return EXIT.done
}
