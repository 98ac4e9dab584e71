/** Runs the program and ends with its code: the only place that exits. */

export type Program = Pick<typeof import('../cli.ts'), 'main'>

export function run({ main }: Program, words: readonly string[]): void {
  main(words).then(code => process.exit(code))
}
