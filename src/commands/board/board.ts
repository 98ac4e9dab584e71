import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { printable } from '../../core/text.ts'
import { openBrowser } from '../../operations/board/open-browser.ts'
import { EXIT, EXIT_OF_SIGNAL } from '../../print/exit-codes.ts'
import { write } from '../../print/terminal.ts'
import { count, examples, open, type RunCommand } from '../command.ts'

interface BoardFlags {
  port?: string
  open: boolean
  export?: string
  format?: string
  view?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .option('--port <n>', 'listen on this port (default: the same one each time)')
    .option('--no-open', 'do not open a browser')
    .option('--export <file>', 'write the board as it is now to a file and exit')
    .option('--format <name>', 'of --export: html (one self-contained page) or svg (a drawing)', 'html')
    .option('--view <name>', 'of --format svg: graph (what waits for what) or time (who held what)', 'graph')
  examples(
    command,
    `wrk board
     wrk board --export board.html
     wrk board --export graph.svg --format svg --view graph
     wrk board --no-open --port 7400
     ssh -L 7400:127.0.0.1:7400 devbox    # then open the address that wrk board prints there`,
  )
  command.addHelpText('after', '\nListens on this machine only (127.0.0.1 and ::1). Ctrl-C stops it.')
  command.action((flags: BoardFlags) =>
    run(async globals => {
      const { boardUrl, exportBoard, runningBoard, serveBoard } = await import('../../board/serve.ts')
      const context = await open(globals)
      if (flags.export !== undefined) {
        const format = oneOf('--format', flags.format ?? '', ['html', 'svg'])
        const view = oneOf('--view', flags.view ?? '', ['graph', 'time'])
        const { items, bytes } = await exportBoard(context, { file: flags.export, format, view })
        return {
          exitCode: EXIT.done,
          json: { ok: true, file: flags.export, format, items, bytes },
          text: `Wrote ${flags.export} (${items} items, ${Math.ceil(bytes / 1024)} KB)\n`,
        }
      }
      const port = flags.port === undefined ? undefined : count('--port', flags.port)
      if (port !== undefined && (port < 1 || port > 65_535))
        throw new WrkError('USAGE', '--port must be a number from 1 to 65535')
      const say = (text: string) => write(globals.json ? 2 : 1, text)
      const running = await runningBoard(context)
      if (running) {
        const opened = flags.open ? await openBrowser(context, boardUrl(running)) : null
        return {
          exitCode: EXIT.done,
          json: { ok: true, url: `http://127.0.0.1:${running.port}/`, running: true },
          text: `The board of this queue is already running.\n${address(context, boardUrl(running), running.port, Boolean(opened))}`,
        }
      }
      const ending = new AbortController()
      let exitCode: number = EXIT.done
      for (const name of Object.keys(EXIT_OF_SIGNAL) as (keyof typeof EXIT_OF_SIGNAL)[])
        process.once(name, () => {
          exitCode = EXIT_OF_SIGNAL[name]
          ending.abort()
        })
      let forget: (() => void) | null = null
      const { why, released } = await serveBoard(context, {
        port,
        signal: ending.signal,
        onReady: async found => {
          forget = flags.open ? await openBrowser(context, boardUrl(found)) : null
          if (globals.json)
            write(
              1,
              `${JSON.stringify({ schema_version: 1, ok: true, url: `http://127.0.0.1:${found.port}/`, running: false })}\n`,
            )
          else say(`${address(context, boardUrl(found), found.port, forget !== null)}Ctrl-C stops it.\n`)
        },
      })
      ;(forget as (() => void) | null)?.()
      if (released.length > 0) say(`Released what the board held: ${released.join(', ')}\n`)
      if (why === 'gone') say('The queue was removed; the board has stopped.\n')
      return { exitCode, json: { ok: true }, printed: true }
    }),
  )
}

function oneOf<T extends string>(option: string, text: string, words: readonly T[]): T {
  const found = words.find(word => word === text)
  if (found) return found
  throw new WrkError('USAGE', `${option} must be ${words.join(' or ')}, not "${printable(text, 40)}"`)
}

/** A terminal is the user's own; a pipe may be a log, where no token belongs. */
function address(
  context: { store: { stateDir: string } },
  url: string,
  port: number,
  opened: boolean,
): string {
  if (process.stdout.isTTY) return `${opened ? 'Opened' : 'Open'} ${url}\n`
  return `Listening on http://127.0.0.1:${port}/ (the token that the page needs is in ${context.store.stateDir}/board.json)\n`
}
