/**
 * One command for several items: each is answered as if it were asked for alone, whatever came of the others. The
 * exit code is that of the worst: the highest.
 */
import { WrkError } from '../../core/errors.ts'
import type { NamedItems } from '../../operations/items/named-items.ts'
import { EXIT } from '../exit-codes.ts'
import { type Outcome, outcomeOfError } from '../outcome.ts'

/** What holds for every item alike: said once, and nothing else is tried. */
const FOR_ALL: readonly string[] = ['USAGE', 'NO_SESSION']

/**
 * @param answer does the work for one item; its errors are answers too
 * @returns of one item its own outcome; of several `items`, each with its `exit_code`
 * @throws WrkError USAGE, NO_SESSION, when the first item meets it
 */
export async function answerEach(
  { ids, areSeveral }: NamedItems,
  answer: (id: string) => Promise<Outcome>,
): Promise<Outcome> {
  if (!areSeveral) return answer(ids[0]!)
  const answers: { id: string; outcome: Outcome }[] = []
  for (const id of ids) {
    try {
      answers.push({ id, outcome: await answer(id) })
    } catch (error) {
      const isForAll = error instanceof WrkError && FOR_ALL.includes(error.code)
      if (isForAll && answers.length === 0) throw error
      answers.push({ id, outcome: outcomeOfError(error, Boolean(process.env.WRK_DEBUG)) })
      if (isForAll) break
    }
  }
  return joined(answers)
}

function joined(answers: readonly { id: string; outcome: Outcome }[]): Outcome {
  const outcomes = answers.map(({ outcome }) => outcome)
  const exitCode = Math.max(...outcomes.map(one => one.exitCode))
  const worst = outcomes.find(one => one.exitCode === exitCode)!
  const { error } = worst.json
  const [first, ...others] = outcomes.flatMap(({ refusal }) => refusal ?? [])
  const below = (hint: string | undefined) => (hint === undefined ? [] : [`     ${hint}`])
  return {
    exitCode,
    json: {
      ok: exitCode === EXIT.done,
      ...(exitCode === EXIT.done || error === undefined ? {} : { error }),
      items: answers.map(({ id, outcome }) => ({ id, exit_code: outcome.exitCode, ...outcome.json })),
    },
    text: outcomes.map(({ text = '' }) => text).join(''),
    warnings: outcomes.flatMap(({ warnings = [] }) => warnings),
    refusal: first && {
      message: first.message,
      lines: [
        ...below(first.hint),
        ...others.flatMap(({ message, hint }) => [`wrk: ${message}`, ...below(hint)]),
      ],
    },
  }
}
