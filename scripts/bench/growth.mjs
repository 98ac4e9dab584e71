/**
 * What a claim costs as the queue grows, in two ways: the archive grows while 100 items stay open, and everything
 * grows. The sizes take turns within each round, so that what else the machine does falls on all of them.
 */
import { rmSync } from 'node:fs'
import { summary } from './measure.mjs'
import { items, progress, RATIO_COLUMNS, step } from './setting.mjs'
import { goal } from './table.mjs'

const OPEN = 100
/** How much longer a claim may take in the largest queue than in the smallest, where only the archive grew. */
const MOST_GROWTH = 1.05

export async function growth(setting) {
  const sizes = setting.smoke ? [100, 200] : [100, 1000, 10_000, 100_000]
  const archives = await queuesOf(setting, sizes, count => ({ archived: count - OPEN }))
  const [first, ...others] = await claims(setting, archives)
  const largest = others.at(-1)
  if (!setting.smoke)
    largest.goals.push(goal(`${MOST_GROWTH} times the smallest`, largest.growth.median <= MOST_GROWTH))
  remove(archives)

  const alls = await queuesOf(setting, sizes, () => ({}))
  const ofAll = await claims(setting, alls)
  const listsOfAll = await lists(setting, alls)
  remove(alls)
  return [
    { title: 'Claim, the archive grows', columns: CLAIM_COLUMNS, rows: [first, ...others] },
    { title: 'Claim, everything grows', columns: CLAIM_COLUMNS, rows: ofAll },
    { title: 'List, everything grows', columns: RATIO_COLUMNS, rows: listsOfAll },
  ]
}

const CLAIM_COLUMNS = {
  ...RATIO_COLUMNS,
  'to the smallest': ({ growth }) => growth.median.toFixed(2),
  'library, ms': ({ library_ms }) => library_ms.median.toFixed(1),
  'its quartiles': ({ library_ms }) => `${library_ms.q1.toFixed(1)}-${library_ms.q3.toFixed(1)}`,
}

async function queuesOf(setting, sizes, shapeOf) {
  const queues = []
  for (const count of sizes) {
    const queue = await setting.queueOf(count, { name: `grown-${count}`, ...shapeOf(count) })
    queues.push({ ...queue, opened: await setting.open(queue) })
  }
  return queues
}

function remove(queues) {
  progress('deleting')
  for (const { root } of queues) rmSync(root, { recursive: true })
}

async function claims(setting, queues) {
  const { smoke, rounds, wrk } = setting
  const steps = queues.map(queue =>
    step(items(queue.count), [], async () => {
      const id = queue.next()
      const ms = await wrk(queue, 'claim', id)
      await queue.opened.release(id)
      return ms
    }),
  )
  const rows = await setting.ratios(smoke ? 1 : rounds, steps)
  const library = await claimsByLibrary(queues, smoke ? 3 : 60)
  const smallest = rows[0].samples_ms
  return rows.map((row, i) => ({
    ...row,
    /** Round by round, to the smallest queue. */
    growth: summary(row.samples_ms.map((ms, round) => ms / smallest[round])),
    library_ms: summary(library[i]),
  }))
}

/** How long single claims take within this process. */
async function claimsByLibrary(queues, rounds) {
  progress('claims through the library')
  const samples = queues.map(() => [])
  for (let round = -1; round < rounds; round++)
    for (const [i, { opened, next }] of queues.entries()) {
      const id = next()
      const begin = performance.now()
      await opened.claim(id)
      if (round >= 0) samples[i].push(performance.now() - begin)
      await opened.release(id)
      await new Promise(setImmediate)
    }
  return samples
}

async function lists({ ratios, rounds, wrk }, queues) {
  const rows = []
  for (const queue of queues) {
    const few = queue.count > 10_000 ? 2 : Math.ceil(rounds / 6)
    rows.push(...(await ratios(few, [step(items(queue.count), [], () => wrk(queue, 'list'))])))
  }
  return rows
}
