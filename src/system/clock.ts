/**
 * The clock. `WRK_NOW` replaces it in tests and rehearsals: an instant (`2026-02-16T19:30:05Z`)
 * that then stands still, or an offset (`+3h`, `-10m`) from the real time.
 */
import { WrkError } from '../core/errors.ts'
import { parseDuration, parseInstant } from '../core/time.ts'

export type Clock = () => Date

/** @throws WrkError USAGE when WRK_NOW is neither an instant nor an offset */
export function clockFrom(env: Readonly<Record<string, string | undefined>>): Clock {
  const setting = env.WRK_NOW
  if (!setting) return () => new Date()
  const fixed = parseInstant(setting)
  if (fixed) return () => new Date(fixed)
  const offset = /^[+-]/.test(setting) ? parseDuration(setting.slice(1)) : null
  if (offset === null)
    throw new WrkError('USAGE', `WRK_NOW must be a time or an offset, not "${setting}"`, {
      hint: 'Set it to 2026-02-16T19:30:05Z, +3h or -10m, or unset it.',
    })
  const shift = setting.startsWith('-') ? -offset : offset
  return () => new Date(Date.now() + shift)
}

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** The day that it is here, `2026-02-16`, by the machine's time zone. */
export function localDay(at: Date): string {
  const part = (number: number, width: number) => String(number).padStart(width, '0')
  return `${part(at.getFullYear(), 4)}-${part(at.getMonth() + 1, 2)}-${part(at.getDate(), 2)}`
}
