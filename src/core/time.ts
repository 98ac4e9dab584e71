/** Instants as wrk writes them (UTC to the second) and as real files hold them; durations as people type them. */

/**
 * `2026-02-16T19:30:05Z`, for the years 0 to 9999. From its parts: for `toISOString` the engine reads the machine's
 * time zone first, which takes half a millisecond.
 */
export function stamp(at: Date): string {
  const day = `${digits(at.getUTCFullYear(), 4)}-${digits(at.getUTCMonth() + 1)}-${digits(at.getUTCDate())}`
  return `${day}T${digits(at.getUTCHours())}:${digits(at.getUTCMinutes())}:${digits(at.getUTCSeconds())}Z`
}

function digits(number: number, count = 2): string {
  return String(number).padStart(count, '0')
}

const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ]\s*(\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/

/** A stamp has room for four digits of the year; a zone can lead out of them. */
const FIRST = Date.parse('0000-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59Z')

/** As wrk writes them: read by the engine alone. */
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/

/** Reads an ISO 8601 instant; one without a zone is UTC, as in YAML. Null when it cannot be read. */
export function parseInstant(text: string): Date | null {
  if (STAMP.test(text)) return dateOf(text)
  const parts = INSTANT.exec(text.trim())
  if (!parts) return null
  const [, day, time = '00:00', , zone = 'Z'] = parts
  const minutes = zone.length > 3 ? zone.slice(-2) : '00'
  const offset = zone.length === 1 ? 'Z' : `${zone.slice(0, 3)}:${minutes}`
  return dateOf(`${day}T${time}${offset}`)
}

function dateOf(text: string): Date | null {
  const ms = Date.parse(text)
  return ms >= FIRST && ms <= LAST ? new Date(ms) : null
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A hundred years: longer than any lock lives, short enough to be added to a date. */
const LONGEST_MS = 100 * 366 * 86_400_000
/** The same, as people type it. */
export const LONGEST = '36600d'

/** Whether it is a length of time in milliseconds, as parseDuration gives it. */
export function isDuration(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms <= LONGEST_MS
}

/** Reads `90`, `30s`, `5m`, `2h`, `1h30m`, `1d` as milliseconds; a bare number is seconds. Null when malformed. */
export function parseDuration(text: string): number | null {
  const compact = text.trim().toLowerCase()
  if (/^\d{1,10}(\.\d+)?$/.test(compact)) return within(Number(compact) * 1000)
  if (!/^(\d{1,10}(\.\d+)?(ms|s|m|h|d))+$/.test(compact)) return null
  let total = 0
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * UNITS[unit!]!
  return within(total)
}

function within(ms: number): number | null {
  return ms <= LONGEST_MS ? Math.round(ms) : null
}

/** A length of time for people: `45s`, `12m`, `3h 5m`, `2d 4h`. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 ? `${hours}h ${minutes % 60}m` : `${hours}h`
  const days = Math.floor(hours / 24)
  return hours % 24 ? `${days}d ${hours % 24}h` : `${days}d`
}

/** How many minutes a zone is ahead of UTC at an instant; handed in, since nothing here knows where it runs. */
export type Zone = (at: Date) => number

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** An instant for people, by the clock on their wall: `14:07` of today, else `27 Nov 14:07`, `27 Nov 2025 14:07`. */
export function localTime(at: Date, now: Date, zone: Zone): string {
  const [there, here] = [at, now].map(one => new Date(one.getTime() + zone(one) * 60_000)) as [Date, Date]
  const time = `${digits(there.getUTCHours())}:${digits(there.getUTCMinutes())}`
  const day = `${there.getUTCDate()} ${MONTHS[there.getUTCMonth()]}`
  if (there.getUTCFullYear() !== here.getUTCFullYear()) return `${day} ${there.getUTCFullYear()} ${time}`
  const isToday = there.getUTCMonth() === here.getUTCMonth() && there.getUTCDate() === here.getUTCDate()
  return isToday ? time : `${day} ${time}`
}

/** Replaces the instants in a text, written as `stamp` does, by local times. @param clock asked where there is one */
export function withLocalTimes(text: string, clock: () => Date, zone: Zone): string {
  return text.replace(/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\b/g, found => {
    const at = parseInstant(found)
    return at ? localTime(at, clock(), zone) : found
  })
}
