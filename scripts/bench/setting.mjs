/** Where and as whom a benchmark runs: a temporary folder, an environment, a session, and queues made for it. */
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pairs, summary, time } from './measure.mjs'
import { program } from './program.mjs'
import { makeQueue } from './queue.mjs'
import { goal } from './table.mjs'

/** The established session that the benchmark acts as. */
export const SESSION = 'claude-bench-000001'
/** The columns of rows that `setting.ratios` makes. */
export const RATIO_COLUMNS = {
  ratio: ({ ratio }) => ratio.median.toFixed(2),
  quartiles: ({ ratio }) => `${ratio.q1.toFixed(2)}-${ratio.q3.toFixed(2)}`,
  min: ({ ratio }) => ratio.min.toFixed(2),
  max: ({ ratio }) => ratio.max.toFixed(2),
  ms: ({ ms }) => ms.median.toFixed(1),
  pairs: ({ pairs }) => String(pairs),
}

/** @param options `smoke`, `inherit`, `rounds`: as the command line of bench.mjs says them */
export function makeSetting({ smoke = false, inherit = false, rounds }) {
  const temp = realpathSync(mkdtempSync(join(tmpdir(), 'wrk-bench-')))
  // Nothing of who runs this reaches the commands. HOME and TMPDIR: compiled programs are kept there.
  const env = {
    ...(inherit ? withoutWrk(process.env) : { PATH: process.env.PATH, HOME: temp }),
    TMPDIR: temp,
    WRK_SESSION_ID: SESSION,
  }
  const context = { cwd: temp, env }
  const referenceMs = []
  const setting = {
    smoke,
    rounds,
    temp,
    env,
    context,
    /** How long each `node -e 0` took. */
    referenceMs,

    /** Times one command on a queue; one that fails ends the benchmark. */
    wrk: ({ root }, ...words) => time([program.wrk, '--queue', root, ...words], context),

    /** The queue as this process sees it through the library. */
    open: async ({ root }, session = SESSION) => {
      const { openQueue } = await import(pathToFileURL(program.library).href)
      return openQueue(root, { session, env: {} })
    },

    /** Makes a queue, and sees to it that wrk reads it as it was meant. */
    queueOf: async (count, { name = `queue-${count}`, ...shape } = {}) => {
      progress(`making ${items(count)}`)
      const root = join(temp, name)
      mkdirSync(root)
      const made = await makeQueue(root, count, { session: SESSION, ...shape })
      let turn = 0
      const queue = { ...made, next: () => made.free[turn++ % made.free.length] }
      checkQueue(made, await (await setting.open(queue)).list())
      return queue
    },

    /** Times these steps against their references, as rows of a table with RATIO_COLUMNS. */
    ratios: async (rounds, steps) => {
      progress(steps.map(({ name }) => name).join('; '))
      const results = await pairs(rounds, steps, context)
      return results.map((result, i) => {
        if (steps[i].reference === undefined) referenceMs.push(...result.referenceMs)
        const ratio = summary(result.ratios)
        const goals = smoke ? [] : (steps[i].goals ?? [])
        return {
          name: result.name,
          goals: goals.map(most => goal(most.toFixed(2), ratio.median <= most)),
          pairs: rounds,
          ratio,
          ms: summary(result.ms),
          samples_ms: result.ms,
        }
      })
    },
  }
  return setting
}

function withoutWrk(all) {
  const ours = /^(WRK_.*|WORK_ITEM_ROOT|SESSION_STATE_FILE|LOCK_TTL_SECONDS)$/
  return Object.fromEntries(Object.entries(all).filter(([name]) => !ours.test(name)))
}

function checkQueue(made, listed) {
  const locks = { alive: 0, dead: 0, unknown: 0, stale: 0 }
  for (const { liveness } of listed) if (liveness) locks[liveness]++
  const odd = listed.find(({ problems }) => problems.length > 0)
  if (odd) throw new Error(`${odd.path} has a problem: ${odd.problems[0].message}`)
  if (listed.length !== made.count) throw new Error(`wrk lists ${listed.length} of ${made.count} items`)
  if (JSON.stringify(locks) !== JSON.stringify(made.locks))
    throw new Error(`wrk judges ${JSON.stringify(locks)}, made were ${JSON.stringify(made.locks)}`)
}

/** A process to be timed, and the ratios that it should not exceed. */
export function step(name, goals, run) {
  return { name, goals, run }
}

export function items(count) {
  return `${count.toLocaleString('en')} items`
}

/** What is being done, for those who look on. */
export function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${text ? ' …' : ''}`)
}
