/**
 * The token that the server asks for. It comes behind the `#` of the address that `wrk board` opens, and is kept for
 * this tab alone; other tabs of this board ask those that have it. It is never part of an address that is sent.
 */
const KEY = 'wrk-board-token'
const CHANNEL = 'wrk-board-token'
const ASK_MS = 400

type Word = { ask: true } | { token: string }

const channel = new BroadcastChannel(CHANNEL)
let token: string | null = null
const waiting = new Set<() => void>()
const changed = new Set<() => void>()

/** Looks where the token may be, and listens for one that comes later. */
export function startToken(): void {
  token = fromAddress() ?? sessionStorage.getItem(KEY)
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if ('ask' in data) {
      if (token !== null) channel.postMessage({ token } satisfies Word)
    } else if (data.token !== token) replace(data.token)
  }
  addEventListener('hashchange', () => {
    const found = fromAddress()
    if (found !== null) replace(found)
  })
}

function replace(found: string): void {
  keep(found)
  for (const call of changed) call()
}

function fromAddress(): string | null {
  const [, found] = /^#token=([\w-]{43})$/.exec(location.hash) ?? []
  if (found === undefined) return null
  sessionStorage.setItem(KEY, found)
  history.replaceState(null, '', '/#/board')
  // Tabs of a board that was there before this one was started are let in too.
  channel.postMessage({ token: found } satisfies Word)
  return found
}

function keep(found: string): void {
  token = found
  sessionStorage.setItem(KEY, found)
  for (const call of waiting) call()
  waiting.clear()
}

/** The token; asked of other tabs where this one has none. Null when nobody has it. */
export async function currentToken(): Promise<string | null> {
  if (token !== null) return token
  channel.postMessage({ ask: true } satisfies Word)
  await new Promise<void>(settle => {
    waiting.add(settle)
    setTimeout(settle, ASK_MS)
  })
  return token
}

/** The server knows another one: it was started again. */
export function dropToken(refused: string): void {
  if (token !== refused) return
  token = null
  sessionStorage.removeItem(KEY)
}

export function onNewToken(call: () => void): void {
  changed.add(call)
}
