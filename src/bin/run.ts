/** Runs the program and ends with its code: the only place that exits. */

type Main = (words: readonly string[]) => Promise<number | null>
export type Program = { main: Main }

/** @param whole gives the program for the lines that the first one leaves to it (null) */
export function run({ main }: Program, words: readonly string[], whole?: () => Program): void {
  main(words)
    .then(code => code ?? whole?.().main(words))
    .then(code => process.exit(code ?? 70))
}
