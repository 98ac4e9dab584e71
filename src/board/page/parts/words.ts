/** Times and names as people read them. */

/** `2m`, `3h 5m`, `4d`: how long, in one or two units. */
export function shortDuration(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000)
  if (minutes < 1) return '<1m'
  if (minutes < 60) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 ? `${hours}h ${minutes % 60}m` : `${hours}h`
  const days = Math.floor(hours / 24)
  return days < 10 && hours % 24 ? `${days}d ${hours % 24}h` : `${days}d`
}

export function ago(time: string | null | undefined, now: number): string {
  const at = Date.parse(time ?? '')
  if (Number.isNaN(at)) return 'unknown'
  const ms = now - at
  return ms < 60_000 ? 'just now' : `${shortDuration(ms)} ago`
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' })
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })

/** `14:07`, on another day `3 Feb 14:07`. */
export function clock(time: string | null | undefined, now: number): string {
  const at = new Date(time ?? '')
  if (Number.isNaN(at.getTime())) return 'unknown'
  const isToday = at.toDateString() === new Date(now).toDateString()
  return isToday ? CLOCK.format(at) : `${DAY.format(at)} ${CLOCK.format(at)}`
}

export function seconds(time: string): string {
  return SECONDS.format(new Date(time))
}

export function full(time: string | null | undefined): string {
  const at = new Date(time ?? '')
  return Number.isNaN(at.getTime()) ? (time ?? '') : FULL.format(at)
}

export function day(time: string): string {
  return DAY.format(new Date(time))
}

/** An id cut in the middle: its end distinguishes it from others. */
export function short(id: string, longest = 26): string {
  if (id.length <= longest) return id
  const end = Math.floor(longest / 2)
  return `${id.slice(0, longest - end - 1)}…${id.slice(-end)}`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
