/** Signals that ask this process to end, noted in place of ending it: for what must be given back first. */

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

export interface SignalNotes {
  /** The first that came, null as long as none did. */
  first: () => NodeJS.Signals | null
  /** From now on they end the process again. */
  stop: () => void
}

export function noteSignals(): SignalNotes {
  let first: NodeJS.Signals | null = null
  const note = (signal: NodeJS.Signals): void => {
    first ??= signal
  }
  for (const signal of ENDING) process.on(signal, note)
  return {
    first: () => first,
    stop: () => {
      for (const signal of ENDING) process.off(signal, note)
    },
  }
}
