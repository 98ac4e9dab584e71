import type { Command } from 'commander'
import { next } from '../../operations/items/queries/next.ts'
import { watch } from '../../operations/watch/watch.ts'
import { EXIT, EXIT_OF_SIGNAL } from '../../print/exit-codes.ts'
import { openView } from '../../print/watch/views.ts'
import { examples, open, type RunCommand } from '../command.ts'

const JSON_HELP = `
With --json, one object a line, each with "schema_version":1 and "ok":true. The first is a snapshot of what is held;
each after it is one change:
  {"type":"snapshot","time":…,"items":[…],"sessions":[…]}
  {"type":…,"time":…,"item":{…},"from":…,"to":…,"reason":…,"holder":…,"problem":…}

An item has id, path, title and status, in a snapshot holder and problem too. By type, from and to are:
  claimed, takenOver, released, reaped   holders
  renewed                                the instants until when the lock lives
  liveness                               of the holder: alive, dead, unknown, stale
  status, title, problem, moved          the old and the new one (moved: paths)
  added, removed                         the path

In a coordinated queue the snapshot has elsewhere as well, what other clones hold, and each change of that is:
  {"type":"elsewhere","time":…,"item":{id},"from":…,"to":…,"elsewhere":{…}}

There from and to are holders as last seen by this clone; with --remote as the engine has them, asked every few
seconds. Changes without an item: session (from and to: its liveness, null when it is not listed), queue (there,
gone), and into a pipe tick, after five seconds without a change, by which wrk notices that the reader is gone. A
change that was missed is part of the next ones: together they lead to the present state.`

export function configure(command: Command, run: RunCommand): void {
  command
    .option('--reap', 'release the items of dead and silent holders as soon as they are')
    .option('--remote', 'in a coordinated queue: ask the engine what other clones hold')
  examples(
    command,
    `wrk watch
     wrk watch --reap
     wrk watch --remote
     wrk watch --json | jq -r 'select(.type=="released") | .item.id'`,
  )
  command.addHelpText(
    'after',
    `${JSON_HELP}\n\nOn a terminal it also shows what was begun and left, and what is ready; q ends it.\nCtrl-C stops it (exit code 130). Exit code 0: the reader of its output has gone.`,
  )
  command.action((flags: { reap?: boolean; remote?: boolean }) =>
    run(async globals => {
      const context = await open(globals)
      const ending = new AbortController()
      const { signal } = ending
      const view = openView({
        json: globals.json ?? false,
        title: context.store.root,
        env: context.env,
        clock: context.clock,
        signal,
        offers: async () => {
          const { ready } = (await next(context)).choice
          return {
            left: ready.flatMap(({ item: { id, title, left } }) => (left ? { id, title, by: left.by } : [])),
            ready: ready.flatMap(({ item: { id, title, left } }) => (left ? [] : { id, title })),
          }
        },
        quit: () => {
          view.close()
          ending.abort()
        },
      })
      let exitCode: number = EXIT.done
      // Heard once: if ending takes too long, a second Ctrl-C ends it as usual.
      for (const name of Object.keys(EXIT_OF_SIGNAL) as (keyof typeof EXIT_OF_SIGNAL)[])
        process.once(name, () => {
          exitCode = EXIT_OF_SIGNAL[name]
          view.close()
          ending.abort()
        })
      try {
        for await (const event of watch(context, { ...flags, signal })) if (!(await view.show(event))) break
      } finally {
        view.close()
      }
      return { exitCode, json: { ok: true }, printed: true }
    }),
  )
}
