/**
 * npm run test:chaos -- [--seconds 30] [--seed N] [--wrong-verdicts [--share 0.15]] [--git] [--workers 6] [--keep FILE]
 *
 * Runs a storm (driver.ts) against dist/, then the checker on what was recorded. Exit code 1: something is wrong.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    'wrong-verdicts': { type: 'boolean', default: false },
    git: { type: 'boolean', default: false },
    share: { type: 'string', default: '0.15' },
    workers: { type: 'string', default: '6' },
    keep: { type: 'string' },
  },
})
const { outputFiles } = await build({
  entryPoints: [join(here, 'driver.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  write: false,
})
const { storm } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
)

const wrong = values['wrong-verdicts'] ? Number(values.share) : 0
console.log(
  `seed ${values.seed}, ${values.seconds} s, ${wrong > 0 ? `${wrong * 100} % of` : 'no'} wrong verdicts`,
)
const { violations, counts, recording } = await storm({
  root: dirname(dirname(here)),
  seconds: Number(values.seconds),
  seed: values.seed,
  workers: Number(values.workers),
  wrong,
  git: values.git,
})
if (values.keep) writeFileSync(values.keep, JSON.stringify(recording))
console.log(
  Object.entries(counts)
    .map(([what, count]) => `${what} ${count}`)
    .join(', '),
)
for (const { kind, what } of violations.slice(0, 50)) console.log(`${kind}: ${what}`)
console.log(violations.length === 0 ? 'nothing is wrong' : `${violations.length} things are wrong`)
process.exitCode = violations.length === 0 ? 0 : 1
