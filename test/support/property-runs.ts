/** How many cases of a property are tried. */

/** A tenth of them in `npm test`; all in `npm run test:slow`, which sets WRK_TEST_RUNS=all. */
export function runs(all: number): number {
  return process.env.WRK_TEST_RUNS === 'all' ? all : Math.ceil(all / 10)
}
