/**
 * Random letters for names that must not meet: V8 seeds Math.random from the system's entropy for each
 * process. These names are no secrets, and loading node:crypto would cost 2.6 ms of every start.
 */
export function randomLetters(count: number): string {
  let letters = ''
  while (letters.length < count) letters += Math.floor(Math.random() * 36).toString(36)
  return letters
}
