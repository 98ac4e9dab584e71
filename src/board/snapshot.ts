/** The state of a board at one moment, without a server. */
import type { Context } from '../operations/context.ts'
import { queueFacts } from './facts.ts'
import { Feed } from './feed.ts'
import type { State } from './protocol.ts'

/** @throws WrkError IO */
export async function boardState(context: Context): Promise<State> {
  const facts = await queueFacts(context, null)
  const feed = new Feed(context, facts)
  const enough = new AbortController()
  let state: State | undefined
  await feed.run(enough.signal, () => {
    state = feed.state()
    enough.abort()
  })
  return state!
}
