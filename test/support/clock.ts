/** Instants as items and sessions state them, and waiting for something to happen. */
import { setTimeout as pause } from 'node:timers/promises'

/** `2026-02-16T19:30:05Z` */
export function stampOf(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

/** An instant so far from now: `ago(3 * HOUR)`. */
export const ago = (ms: number): Date => new Date(Date.now() - ms)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** Waits until a condition holds; fails, saying for what it waited, after `timeoutMs`: long, for machines that are busy. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 120_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`this did not happen in ${timeoutMs} ms: ${what}`)
    await pause(5)
  }
}
