/** Times for people: on a terminal by its clock; everywhere else they stay UTC, which says the same to every reader. */
import { withLocalTimes } from '../core/time.ts'
import type { Screen } from './terminal.ts'

/** A message as a terminal shows it. For text that is not wrk's own, such as fields of items, this is not meant. */
export function localTimes(text: string, clock: () => Date): string {
  return withLocalTimes(text, clock, at => -at.getTimezoneOffset())
}

/** The same where stdout is a terminal, and the text as it is elsewhere. */
export function localTimesOn(
  { isTerminal }: Pick<Screen, 'isTerminal'>,
  text: string,
  clock: () => Date,
): string {
  return isTerminal ? localTimes(text, clock) : text
}
