/** Commands that wrk runs, and the notes by which they and a test wait for each other. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { until } from './clock.ts'
import { killProcess } from './processes.ts'
import type { Queue } from './queue.ts'
import type { Args, Running, RunOptions } from './run.ts'

/** For scripts of bash: `say NAME [TEXT]` leaves a note beside the queue, whole or not at all; `await NAME` waits for one. */
export const NOTES = `say() { printf '%s' "\${2:-.}" >"$HOME/$1.tmp" && mv "$HOME/$1.tmp" "$HOME/$1"; }
await() { until [ -e "$HOME/$1" ]; do sleep 0.02; done; }
`

/** A command for wrk to run: a script of bash that can leave notes. */
export const bash = (script: string): string[] => ['bash', '-c', NOTES + script]

export const noteOf = (queue: Queue, name: string): string => join(queue.home, name)

export function note(queue: Queue, name: string): void {
  writeFileSync(noteOf(queue, name), '.')
}

/** Waits for a note; gives its text. */
export function heard(queue: Queue, name: string): Promise<string> {
  return until(`a note: ${name}`, () =>
    existsSync(noteOf(queue, name)) ? readFileSync(noteOf(queue, name), 'utf8') : null,
  )
}

/** Starts the built command; it is killed with all that it started when the test ends. */
export function startWatched(queue: Queue, args: Args, options: RunOptions = {}): Running {
  const running = queue.start(args, options)
  onTestFinished(() => killProcess(-running.pid))
  return running
}
