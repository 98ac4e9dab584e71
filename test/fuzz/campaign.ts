/**
 * Runs one check on very many made-up cases, by fast-check, in batches with a seed each: what fails is repeated by
 * its batch's seed alone, in a second, however long the search for it took.
 *
 * A case that takes longer than it may is a failure as well: one that ends, by the processor time that it took (so
 * that a busy machine is no failure); one that does not end is stopped.
 */
import { createContext, Script } from 'node:vm'
import fc from 'fast-check'

/** How many splices are made; the amounts of everything else rise with it. */
const USUAL = 50_000
export const SPLICES = Number(process.env.WRK_FUZZ_SPLICES || USUAL)
/** An ordinary run makes the same cases each time; test:fuzz begins somewhere else each time. */
const SEED = Number(process.env.WRK_FUZZ_SEED || 1)

/** As many as that in an ordinary run, and in the same measure more or fewer in others. */
export function scaled(usual: number): number {
  return Math.ceil((usual * SPLICES) / USUAL)
}

/** For tests that run as long as it takes. */
export const NO_TIMEOUT = 24 * 3_600_000

const BATCH = 250
const LONGEST_CASE_MS = 2000
/** By the clock: long enough for a whole batch on a busy machine. */
const STOPPED_AFTER_MS = 100_000

export interface Campaign<T> {
  name: string
  cases: fc.Arbitrary<T>
  /** Asked before every batch with the number of cases so far; there is at least one batch. */
  isDone: (cases: number) => boolean
  /** A case as it is printed. */
  show?: (one: T) => string
  /** What came of it so far. */
  tally?: () => string
}

/** @throws Error with the seed and the smallest case that was found, when a check throws or takes too long */
export async function campaign<T>(of: Campaign<T>, check: (one: T) => void): Promise<void> {
  await batches(of, (measured, settings) => {
    const property = fc.property(of.cases, one => {
      const stop = measured(one)
      check(one)
      stop()
    })
    return unlessEndless(() => fc.check(property, settings))
  })
}

/** The same for a check that waits, and that therefore is stopped only in its first step. */
export async function campaignOfFiles<T>(of: Campaign<T>, check: (one: T) => Promise<void>): Promise<void> {
  await batches(of, (measured, settings) => {
    const property = fc.asyncProperty(of.cases, async one => {
      const stop = measured(one)
      await unlessEndless(() => check(one))
      stop()
    })
    return fc.check(property, settings)
  })
}

type Measure<T> = (one: T) => () => void

async function batches<T>(
  { name, isDone, show = one => JSON.stringify(one), tally = () => '' }: Campaign<T>,
  run: (
    measured: Measure<T>,
    settings: { seed: number; numRuns: number },
  ) => fc.RunDetails<[T]> | Promise<fc.RunDetails<[T]>>,
): Promise<void> {
  const started = process.cpuUsage()
  let reportedAt = performance.now()
  let slowest = 0
  let current: T | undefined
  const measured = (one: T) => {
    current = one
    const before = process.cpuUsage()
    return () => {
      const ms = milliseconds(before)
      slowest = Math.max(slowest, ms)
      if (ms > LONGEST_CASE_MS) throw new Error(`one case took ${Math.round(ms)} ms`)
    }
  }
  let count = 0
  for (let seed = SEED; count === 0 || !isDone(count); seed++, count += BATCH) {
    const failure = (one: T | undefined, cause: unknown) => {
      const again = `npm run test:fuzz -- --seed ${seed} --splices 1 -t '${name}'`
      const smallest = one === undefined ? '' : show(one)
      const why = (cause as Error | undefined)?.message
      return new Error(`seed ${seed}, repeat with: ${again}\n${smallest}\n${why}`, { cause })
    }
    let details: fc.RunDetails<[T]>
    try {
      details = await run(measured, { seed, numRuns: BATCH })
    } catch (error) {
      throw failure(current, error)
    }
    if (details.failed) throw failure(details.counterexample?.[0], details.errorInstance)
    // Lets the test runner say that it is alive.
    await new Promise(setImmediate)
    if (performance.now() - reportedAt < 60_000) continue
    reportedAt = performance.now()
    console.log(`${name}: ${count} cases so far. ${tally()}`)
  }
  const seconds = (milliseconds(started) / 1000).toFixed(1)
  const cost = `${seconds} s of processor time, the slowest ${slowest.toFixed(0)} ms`
  console.log(`${name}: ${count} cases from seed ${SEED} in ${cost}. ${tally()}`)
}

function milliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

const place = createContext({ run: () => undefined as unknown })
const call = new Script('run()')

/** Only this stops code that does not come back, regular expressions among it. */
function unlessEndless<T>(run: () => T): T {
  place.run = run
  return call.runInContext(place, { timeout: STOPPED_AFTER_MS })
}
