/**
 * npm run test:fuzz -- [--splices 1000000] [--seed N] [-t NAME]
 *
 * Runs the tests of this folder with that many splices, and as much more or less of everything else. A failure
 * prints the seed that repeats it.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    splices: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    name: { type: 'string', short: 't' },
  },
})
for (const key of ['splices', 'seed'])
  if (!/^\d{1,12}$/.test(values[key])) throw new Error(`--${key} takes a number`)

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', 'test/fuzz', '--maxWorkers', '1', ...(values.name ? ['-t', values.name] : [])],
  {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, WRK_FUZZ_SPLICES: values.splices, WRK_FUZZ_SEED: values.seed },
    stdio: 'inherit',
  },
)
process.exitCode = status ?? 1
