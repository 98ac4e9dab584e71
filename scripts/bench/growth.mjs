/**
 * What a claim costs as the queue grows, in two ways: the archive grows while 100 items stay open, and everything
 * grows. The sizes take turns within each round, so that what else the machine does falls on all of them.
 */
import { rmSync } from 'node:fs'
import { summary } from './measure.mjs'
import { items, progress, RATIO_COLUMNS, step } from './setting.mjs'
import { goal } from './table.mjs'

const OPEN = 100
/** How much longer a claim may take in the largest queue than in the smallest. */
const MOST_GROWTH = 1.05

export async function growth(setting) {
  const sizes = setting.smoke ? [100, 200] : [100, 1000, 10_000, 100_000]
  return [
    ...(await shape(setting, sizes, 'the archive grows', count => ({ archived: count - OPEN }), MOST_GROWTH)),
    ...(await shape(setting, sizes, 'everything grows', () => ({}), null)),
  ]
}

async function shape(setting, sizes, about, shapeOf, most) {
  const { smoke, rounds, wrk } = setting
  const queues = []
  for (const count of sizes)
    queues.push(await setting.queueOf(count, { name: `grown-${count}`, ...shapeOf(count) }))
  const opened = await Promise.all(queues.map(queue => setting.open(queue)))

  const claims = await setting.ratios(
    smoke ? 1 : rounds,
    queues.map((queue, i) =>
      step(items(queue.count), [], async () => {
        const id = queue.next()
        const ms = await wrk(queue, 'claim', id)
        await opened[i].release(id)
        return ms
      }),
    ),
  )
  const byLibrary = await claimsByLibrary(queues, opened, smoke ? 3 : 60)
  const lists = []
  for (const queue of queues) {
    const few = queue.count > 10_000 ? 2 : Math.ceil(rounds / 5)
    lists.push(...(await setting.ratios(few, [step(items(queue.count), [], () => wrk(queue, 'list'))])))
  }
  progress('deleting')
  for (const { root } of queues) rmSync(root, { recursive: true })

  return [
    {
      title: `Claim, ${about}`,
      columns: {
        ...RATIO_COLUMNS,
        'to the smallest': ({ growth }) => growth.process.median.toFixed(2),
        'library, ms': ({ library_ms }) => library_ms.median.toFixed(1),
        'to smallest': ({ growth }) => growth.library.median.toFixed(2),
      },
      rows: claims.map(({ samples, ...row }, i) => {
        const growth = {
          process: comparison(samples, claims[0].samples),
          library: comparison(byLibrary[i], byLibrary[0]),
        }
        const largest = i === claims.length - 1
        const goals =
          smoke || most === null || !largest
            ? []
            : [goal(`${most.toFixed(2)} times the smallest`, growth.process.median <= most)]
        return { ...row, goals, growth, library_ms: summary(byLibrary[i]) }
      }),
    },
    { title: `List, ${about}`, columns: RATIO_COLUMNS, rows: lists.map(({ samples: _, ...row }) => row) },
  ]
}

/** How long single claims take within this process, queue by queue in turns. */
async function claimsByLibrary(queues, opened, rounds) {
  progress('claims through the library')
  const samples = queues.map(() => [])
  for (let round = -1; round < rounds; round++)
    for (const [i, queue] of queues.entries()) {
      const id = queue.next()
      const begin = performance.now()
      await opened[i].claim(id)
      if (round >= 0) samples[i].push(performance.now() - begin)
      await opened[i].release(id)
      await new Promise(setImmediate)
    }
  return samples
}

/** Round by round, one against the other. */
function comparison(samples, smallest) {
  return summary(samples.map((ms, i) => ms / smallest[i]))
}
