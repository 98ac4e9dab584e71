/**
 * The three ways to see a queue being watched: a live table on a terminal, lines of JSON, and plain lines. Each takes
 * events until its reader is gone.
 */
import { isatty } from 'node:tty'
import { printable } from '../../core/text.ts'
import type { WatchEvent } from '../../operations/watch/watch.ts'
import { describeElsewhere } from '../claims/describe.ts'
import { jsonLine } from '../outcome.ts'
import { Output } from '../output.ts'
import { type Screen, screen, write } from '../terminal.ts'
import { jsonOf, sentenceOf } from './changes.ts'
import { LiveTable, type Offers } from './live.ts'

export interface View {
  /** @returns false when nobody reads any more */
  show(event: WatchEvent): Promise<boolean>
  /** Leaves the terminal as it was. May be called more than once, and while `show` is at work. */
  close(): void
}

export interface ViewOptions {
  json: boolean
  /** What is watched, for people. */
  title: string
  env: Readonly<Record<string, string | undefined>>
  clock: () => Date
  /** What is ready, and what was left: asked for on a terminal, when something changed. */
  offers: () => Promise<Offers>
  /** Called when q is pressed. */
  quit: () => void
  /** Ends waiting for a reader that does not read. */
  signal: AbortSignal
}

export function openView(options: ViewOptions): View {
  const terminal = screen(options.env)
  if (options.json) return jsonView(options.signal)
  return terminal.isTerminal && options.env.TERM !== 'dumb'
    ? liveView(options, terminal)
    : plainView(options.signal)
}

/** Only writing shows that a pipe's reader is gone, so after so many quiet seconds there is a line all the same. */
const JSON_QUIET = 5
const PLAIN_QUIET = 60

function jsonView(signal: AbortSignal): View {
  const output = new Output()
  let quiet = 0
  return {
    show: async event => {
      warn(event)
      if (event.type === 'tick' && (!output.isPipe || ++quiet < JSON_QUIET)) return true
      const json = jsonOf(event)
      if (!json) return true
      quiet = 0
      return output.write(jsonLine(json), signal)
    },
    close: () => output.close(),
  }
}

function plainView(signal: AbortSignal): View {
  const output = new Output()
  let quiet = 0
  const line = ({ time }: WatchEvent, text: string) => {
    quiet = 0
    return output.write(`${time}  ${text}\n`, signal)
  }
  return {
    show: async event => {
      warn(event)
      if (event.type === 'tick')
        return !output.isPipe || ++quiet < PLAIN_QUIET || line(event, 'no change for a minute')
      if (event.type === 'warning') return true
      if (event.type !== 'snapshot') return line(event, sentenceOf(event)?.text ?? '')
      const held = event.items.flatMap(({ id, holder }) => {
        if (!holder) return []
        const { session_id, locked_at, liveness, reason } = holder
        return `${printable(id, 60)} held by ${printable(session_id, 128)} since ${locked_at}, ${liveness}: ${printable(reason)}`
      })
      for (const { id, ...view } of event.elsewhere?.items ?? [])
        held.push(`${printable(id, 60)} elsewhere: ${describeElsewhere(view, new Date(event.time))}`)
      for (const text of held.length > 0 ? held : ['no item is held'])
        if (!(await line(event, text))) return false
      return true
    },
    close: () => output.close(),
  }
}

/** What scripts and logs should not miss goes to stderr too, as with all commands. */
function warn(event: WatchEvent): void {
  if (event.type === 'warning') write(2, `wrk: warning: ${printable(event.message, 4000)}\n`)
  if (event.type === 'reaped') write(2, `wrk: warning: ${sentenceOf(event)!.text}\n`)
}

/** Looking through the queue for what is ready takes a moment. */
const OFFERS_MS = 1000

/**
 * Keys as they are pressed. Without lines the terminal sends no signals either, so Ctrl-C and its like are sent here.
 * Nothing where stdin is no terminal.
 */
function keyboard(actions: Readonly<Record<string, () => void>>): { take: () => void; give: () => void } {
  if (!isatty(0)) return { take: () => undefined, give: () => undefined }
  const { stdin } = process
  const signals: Readonly<Record<string, NodeJS.Signals>> = {
    '\x03': 'SIGINT',
    '\x1c': 'SIGQUIT',
    '\x1a': 'SIGTSTP',
  }
  const heard = (bytes: Buffer): void => {
    for (const key of bytes.toString('latin1')) {
      const signal = signals[key]
      if (signal) process.kill(process.pid, signal)
      else actions[key]?.()
    }
  }
  let taken = false
  return {
    take: () => {
      if (taken) return
      taken = true
      stdin.setRawMode(true)
      stdin.on('data', heard)
      stdin.resume()
    },
    give: () => {
      if (!taken) return
      taken = false
      stdin.off('data', heard)
      stdin.pause()
      stdin.setRawMode(false)
    },
  }
}

/** At most four times a second. */
const REDRAW_MS = 250
/** The other screen, without a cursor and without wrapping; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'

function liveView({ title, clock, offers, quit }: ViewOptions, terminal: Screen): View {
  const live = new LiveTable(printable(title))
  let on = false
  let reader = true
  let drawn = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const put = (text: string): void => {
    reader &&= write(1, text)
  }
  const draw = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (!on) return
    drawn = performance.now()
    // The last column stays free: the code that ends the line would erase it.
    const [width, height] = [(process.stdout.columns || 80) - 1, process.stdout.rows || 24]
    const lines = live.draw({ ...terminal, width, height }, clock())
    // Each line is written over the old one: clearing the screen first would flicker.
    put(`\x1b[H${lines.map(line => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
  }
  let asking = false
  let askAgain = false
  /** One question at a time: what changes meanwhile is asked for once more. */
  const ask = async (): Promise<void> => {
    askAgain = true
    if (asking) return
    asking = true
    while (askAgain && reader) {
      askAgain = false
      // What cannot be told now (the queue is away) is asked for again at the next change.
      const found = await offers().catch(() => null)
      if (found) live.offer(found)
      draw()
      await new Promise(settle => setTimeout(settle, OFFERS_MS).unref())
    }
    asking = false
  }
  const keys = keyboard({ q: quit, Q: quit })
  const enter = (): void => {
    if (!on) put(ENTER)
    keys.take()
    on = true
    draw()
  }
  const leave = (): void => {
    keys.give()
    if (on) put(LEAVE)
    on = false
  }
  /** Ctrl-Z: the shell gets its screen, and we get ours when it lets us go on. */
  const suspend = (): void => {
    leave()
    process.kill(process.pid, 'SIGSTOP')
    enter()
  }
  process.stdout.on('resize', draw)
  process.on('SIGTSTP', suspend)
  process.on('exit', leave)
  return {
    show: async event => {
      // On the terminal the table shows warnings; a file that stderr goes to should have them too.
      if (!process.stderr.isTTY) warn(event)
      const seen = live.take(event, clock())
      if (event.type === 'snapshot' || 'item' in event) void ask()
      if (event.type === 'snapshot') enter()
      else if (seen) timer ??= setTimeout(draw, Math.max(0, drawn + REDRAW_MS - performance.now()))
      return reader
    },
    close: () => {
      clearTimeout(timer)
      leave()
      // What still comes is not for the shell's screen.
      reader = false
      process.stdout.off('resize', draw)
      process.off('SIGTSTP', suspend)
      process.off('exit', leave)
    },
  }
}
