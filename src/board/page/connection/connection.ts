/**
 * Keeps the page's model up to date. Of all tabs of one board a single one has the connection (a Web Lock says which),
 * since browsers allow six to a host; the others hear what it hears.
 *
 * Without timers while all is well: the server says at least every few seconds that it is there, and one deadline is
 * put off each time.
 */
import { after, type Model, modelOf } from '../../model/board-model.ts'
import { ALIVE_EVERY_MS, type Message, type State } from '../../protocol.ts'
import { currentToken, dropToken, onNewToken, startToken } from './token.ts'

export type ConnectionState =
  | 'connecting'
  | 'live'
  /** Nothing comes; it tries again. */
  | 'lost'
  /** The token is not known, or is that of an earlier start. */
  | 'denied'
  /** The board has ended. */
  | 'ended'

export interface Update {
  connection: ConnectionState
  model: Model | null
}

type Word = { message: Message } | { state: State } | { hello: true } | { connection: ConnectionState }

const SILENCE_MS = 2.4 * ALIVE_EVERY_MS
const FIRST_RETRY_MS = 300
const LONGEST_RETRY_MS = 5_000

const channel = new BroadcastChannel('wrk-board')
let update: Update = { connection: 'connecting', model: null }
let listener: (update: Update) => void = () => undefined
let isLeader = false
/** Whether the state has to be fetched before changes can follow it. */
let isStale = true
let wake: () => void = () => undefined
let deadline: ReturnType<typeof setTimeout> | undefined
let abort: AbortController | undefined

function tell(next: Partial<Update>): void {
  update = { ...update, ...next }
  listener(update)
}

/** Begins; every update goes to the listener. */
export function connect(call: (update: Update) => void): void {
  listener = call
  startToken()
  channel.onmessage = ({ data }: MessageEvent<Word>) => hear(data)
  onNewToken(() => {
    wake()
    abort?.abort()
  })
  channel.postMessage({ hello: true } satisfies Word)
  void navigator.locks.request('wrk-board-connection', async () => {
    isLeader = true
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LONGEST_RETRY_MS, wait * 2)) {
      if (await follow()) wait = FIRST_RETRY_MS
      const { connection } = update
      if (connection === 'live') continue
      await new Promise<void>(settle => {
        wake = settle
        // A board that has ended or refuses is asked again when a new token comes, or somebody looks at the page.
        if (connection === 'lost') setTimeout(settle, wait)
      })
    }
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wake()
  })
}

/** What another tab says. */
function hear(word: Word): void {
  if ('hello' in word) {
    if (!isLeader || !update.model) return
    say({ state: stateOf(update.model) })
    say({ connection: update.connection })
  } else if (isLeader) return
  else if ('state' in word) tell({ model: modelOf(word.state, nextVersion()) })
  else if ('connection' in word) tell({ connection: word.connection })
  else take(word.message)
}

function say(word: Word): void {
  channel.postMessage(word)
}

function nextVersion(): number {
  return (update.model?.version ?? 0) + 1
}

function take(message: Message): boolean {
  if (!update.model) return true
  const model = after(update.model, message)
  if (model) tell({ model, connection: 'live' })
  else if (!isLeader) channel.postMessage({ hello: true } satisfies Word)
  return model !== null
}

function become(connection: ConnectionState): void {
  if (connection !== update.connection) say({ connection })
  tell({ connection })
}

/** One connection, to its end. @returns whether it stood */
async function follow(): Promise<boolean> {
  const token = await currentToken()
  if (token === null) {
    become('denied')
    return false
  }
  let stood = false
  const headers = { Authorization: `Bearer ${token}` }
  const ending = new AbortController()
  const { signal } = ending
  abort = ending
  const putOff = () => {
    clearTimeout(deadline)
    deadline = setTimeout(() => ending.abort(), SILENCE_MS)
  }
  try {
    putOff()
    if (isStale || !update.model) {
      const answer = await fetch('/api/state', { headers, signal })
      if (refused(answer, token)) return false
      const state = (await answer.json()) as State
      isStale = false
      tell({ model: modelOf(state, nextVersion()) })
      say({ state })
    }
    const changes = await fetch(`/api/changes?after=${update.model!.n}`, { headers, signal })
    if (refused(changes, token)) return false
    stood = true
    become('live')
    for await (const message of messagesOf(changes)) {
      putOff()
      if (message.type === 'bye') {
        isStale = true
        become('ended')
        return true
      }
      // What was missed is in the state, which is fetched again.
      isStale = !take(message)
      if (isStale) return true
      say({ message })
    }
    become('lost')
  } catch (error) {
    const isLost = error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException
    if (!isLost) throw error
    become('lost')
  } finally {
    clearTimeout(deadline)
    ending.abort()
  }
  return stood
}

function refused(answer: Response, token: string): boolean {
  if (answer.status === 401) {
    dropToken(token)
    isStale = true
    become('denied')
    return true
  }
  if (answer.ok) return false
  become('lost')
  return true
}

async function* messagesOf(answer: Response): AsyncGenerator<Message> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Message
  }
}

function stateOf({ n, as_of, queue, there, items, sessions, events, warnings }: Model): State {
  return {
    protocol: 1,
    n,
    as_of,
    queue,
    there,
    items: [...items.values()],
    sessions: [...sessions.values()],
    events: [...events],
    warnings: [...warnings],
  }
}

/** Asks the server; null when it does not answer or refuses. */
export async function ask(path: string, body?: unknown): Promise<{ status: number; json: unknown } | null> {
  const token = await currentToken()
  if (token === null) return null
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  try {
    const answer = await fetch(path, {
      headers,
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    return { status: answer.status, json: await answer.json() }
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}
