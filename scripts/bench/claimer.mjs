/** One of the processes that claim at once: `claimer.mjs LIBRARY QUEUE SESSION`, which items and how long by a message. */
import { pathToFileURL } from 'node:url'

const [library, root, session] = process.argv.slice(2)
const { openQueue } = await import(pathToFileURL(library).href)
const queue = await openQueue(root, { session, env: {} })
// So that the session is known before the clock starts.
await queue.sessionStart({ provider: 'claude', sessionId: session })

process.once('message', async ({ ids, seconds }) => {
  const counts = { pairs: 0, refused: 0, busy: 0 }
  const begin = performance.now()
  while (performance.now() - begin < seconds * 1000) {
    const id = ids[Math.floor(Math.random() * ids.length)]
    const claim = await unlessBusy(() => queue.claim(id))
    if (claim.kind === 'granted') {
      while ((await unlessBusy(() => queue.release(id))).kind === 'busy') counts.busy++
      counts.pairs++
    } else if (claim.kind === 'held') counts.refused++
    else if (claim.kind === 'busy') counts.busy++
    else throw new Error(`${id} was ${claim.kind}`)
  }
  process.send({ ...counts, ms: performance.now() - begin }, () => process.disconnect())
})
process.send('ready')

async function unlessBusy(act) {
  try {
    return await act()
  } catch (error) {
    if (error.code === 'BUSY') return { kind: 'busy' }
    throw error
  }
}
