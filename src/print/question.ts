/** A yes-or-no question on the terminal. */
import { createInterface } from 'node:readline'
import { isatty } from 'node:tty'

/**
 * @param question ends with `[Y/n] `; an empty answer is yes
 * @returns false without asking where there is no terminal to ask on
 */
export async function asks(question: string): Promise<boolean> {
  if (!isatty(0) || !isatty(2)) return false
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    const answer = await new Promise<string>(settle => {
      lines.question(question, settle)
      lines.on('close', () => settle('n'))
    })
    return /^(?:y|yes)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
