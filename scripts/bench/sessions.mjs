/**
 * What a claim, a heartbeat and status cost beside 200 sessions that hold 2,000 items, against 2 that hold 20. Both
 * queues take turns within each round, so that what else the machine does falls on both.
 */
import { rmSync } from 'node:fs'
import { summary, time } from './measure.mjs'
import { progress, RATIO_COLUMNS, step } from './setting.mjs'
import { goal } from './table.mjs'

const CLAIMS_EACH = 10
/** How much longer a claim may take beside many sessions than beside two. */
const MOST_GROWTH = 1.05

/** What status cannot do without, since any item may have been written in place: a look at each of them. */
const LOOK_AT_FILES = `
const fs = require('node:fs')
const look = dir => {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const path = dir + '/' + entry.name
    if (entry.name === '.wrk') continue
    if (entry.isDirectory()) look(path)
    else if (path.endsWith('.md')) fs.lstatSync(path)
  }
}
look(process.argv[1])`

export async function sessions(setting) {
  const { smoke, rounds, wrk, ratios, context } = setting
  const counts = smoke ? [2, 4] : [2, 200]
  const queues = []
  for (const count of counts) queues.push(await queueWith(setting, count, Math.max(...counts)))
  const pairs = smoke ? 1 : rounds
  const rows = await ratios(
    pairs,
    queues.map(queue =>
      step(`claim, ${queue.sessions} sessions`, [], async () => {
        const id = queue.next()
        const ms = await wrk(queue, 'claim', id)
        await queue.opened.release(id)
        return ms
      }),
    ),
  )
  addGrowth(rows, smoke)
  const heartbeats = await ratios(
    pairs,
    queues.map(queue => step(`heartbeat, ${queue.sessions} sessions`, [], () => wrk(queue, 'heartbeat'))),
  )
  addGrowth(heartbeats, smoke)
  const large = queues.at(-1)
  const looks = await ratios(smoke ? 1 : Math.ceil(rounds / 2), [
    step(`status, ${large.sessions} sessions, nothing changed`, [2], () => wrk(large, 'status')),
    step('floor: only look at its items', [], () => time(['-e', LOOK_AT_FILES, large.root], context)),
  ])
  for (const { root } of queues) rmSync(root, { recursive: true })
  return [
    {
      title: `Beside sessions that hold ${CLAIMS_EACH} items each`,
      columns: { ...RATIO_COLUMNS, 'to the first': ({ growth }) => growth.median.toFixed(2) },
      rows: [...rows, ...heartbeats],
    },
    { title: 'Looking, beside the same', columns: RATIO_COLUMNS, rows: looks },
  ]
}

/** How much longer it takes beside many sessions, round by round. */
function addGrowth([few, many], smoke) {
  many.growth = summary(many.samples_ms.map((ms, round) => ms / few.samples_ms[round]))
  few.growth = summary([1])
  if (!smoke) many.goals.push(goal(`${MOST_GROWTH} times with 2`, many.growth.median <= MOST_GROWTH))
}

/** Both queues have as many items; only how many of them are held differs. */
async function queueWith(setting, sessions, most) {
  const queue = await setting.queueOf(Math.max(400, 3 * most * CLAIMS_EACH), {
    name: `sessions-${sessions}`,
    archived: 100,
  })
  progress(`${sessions} sessions claim`)
  for (let i = 0; i < sessions; i++) {
    const opened = await setting.open(queue, `holder-${i}`)
    for (const id of queue.free.slice(i * CLAIMS_EACH, (i + 1) * CLAIMS_EACH)) await opened.claim(id)
  }
  const left = queue.free.slice(sessions * CLAIMS_EACH)
  let turn = 0
  return { ...queue, sessions, next: () => left[turn++ % left.length], opened: await setting.open(queue) }
}
