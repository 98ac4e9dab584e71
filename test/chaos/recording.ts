/**
 * What a storm leaves behind for the checker. All instants are milliseconds of this machine's monotonic clock,
 * which is one for all of its processes.
 */

/** One call of wrk, as the worker that made it saw it. */
export interface Op {
  worker: string
  /** Counts the calls of one worker. */
  n: number
  session: string
  /** What the lock and the log call this caller: the session, `SESSION/NAME`, or the run of a session lock. */
  who: string
  /** `WRK-1`, `lock:deploy`; null for what concerns the session alone. */
  item: string | null
  verb: string
  via: 'command' | 'library'
  /** The clock that it was given. */
  clock: string
  begin: number
  /** Null: nobody saw it end. */
  end: number | null
  /** Null: it was killed, or nobody saw it end; it may have changed the item or not. */
  code: number | null
  /** The error's code, `LOCKED`. */
  error: string | null
  /** `granted`, `renewed`, `takenOver`. */
  kind: string | null
  /** Whether it says that it changed something. */
  changed: boolean | null
  /** Of a claim: the `locked_at` of its answer. */
  lockedAt: string | null
  /** Of a refusal: the holder that it names. */
  holder: string | null
  /** The items that it says are lost. */
  superseded: string[]
  /** The items that a session's end released. */
  released: string[]
  /** The value that it sets. */
  value: string | null
  /** It was done, but something besides went wrong: the registry may not know of it. */
  warned: boolean
  /** Of a claim: it says that the file does not show it yet. */
  showsLater: boolean
  /** For people, when something is odd. */
  said: string
}

/** A file as somebody found it who only looks. */
export interface Sample {
  from: number
  to: number
  item: string
  text: string
}

export interface Recording {
  mode: 'right' | 'wrong'
  /** Whether git stashed, reset and checked out files of the queue meanwhile: then they show what they will. */
  git?: boolean
  /** Items that a popped stash removed from where they were: it was taken after wrk had moved them elsewhere. */
  stashed?: string[]
  ttlMs: number
  /** The items as they were made. */
  originals: Record<string, string>
  ops: Op[]
  /** When the processes of a worker were killed. */
  deaths: { worker: string; at: number }[]
  samples: Sample[]
  /** Every whole line that was seen in the log, in the order of the files, rotations included. */
  log: string[]
  /** The lines of the two log files at the end. */
  logAtEnd: string[]
  /** The items after the storm, before anything was repaired. */
  files: { path: string; text: string }[]
  /** The sessions that have files at the end: whether each is on. */
  sessions: Record<string, boolean>
  /** What is in the folders of `.wrk` that are empty when nobody is at work, after one more call for each item. */
  leftovers: string[]
}
