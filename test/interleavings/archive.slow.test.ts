/**
 * Every interleaving of archiving with others, by the same search as for claims (claim.slow.test.ts), which runs production
 * code from the operation `archive` down: the status, the time and the empty lock in one rewrite, then, with the guard
 * taken once more, the move. Beside it a claim, a release, another archiving, a reopening; any of them stops for ever
 * before any step, also between the two; afterwards the next claim completes what was begun (claims.ts says what must
 * hold).
 *
 * Two processes with at most two interruptions, three with one; `late`: each begins at a time of its own, so that it
 * comes upon an item that is archived and not moved, and completes the move. With WRK_INTERLEAVINGS=all
 * (`npm run test:interleavings`): two with three interruptions, three with two.
 *
 * Reopening is searched with right verdicts alone. A process that is taken for dead between its last look at its
 * guard and the rename moves an item that was reopened meanwhile: the move is not fenced (item-move.ts).
 */
import { describe, expect, test } from 'vitest'
import type { Mutation } from './claimer.ts'
import type { Rule, Setting } from './claims.ts'
import { ALL, expectNone, search, TIMEOUT } from './expect.ts'
import { movedFirst, movedUnseen } from './mutations.ts'

type Parties = Pick<Setting, 'standing' | 'processes' | 'verdicts' | 'late'>

/** With wrong verdicts a process tries once for a guard, which includes revoking its holder and trying again. */
const settingOf = (parties: Parties): Setting => ({
  ...parties,
  attempts: parties.verdicts === 'right' ? 2 : 1,
  preemptions: (parties.processes.length === 2 ? 2 : 1) + (ALL ? 1 : 0),
})

const describeParties = ({ standing, processes, verdicts, late }: Parties): string =>
  [processes.join(' + '), standing, `${verdicts} verdicts`, ...(late ? ['late'] : [])].join(', ')

const SEARCHED: Parties[] = [
  { standing: 'free', processes: ['archive', 'claim'], verdicts: 'right', late: true },
  { standing: 'free', processes: ['archive', 'claim'], verdicts: 'wrong', late: false },
  { standing: 'dead', processes: ['archive', 'claim'], verdicts: 'wrong', late: false },
  { standing: 'stale', processes: ['archive', 'claim'], verdicts: 'right', late: true },
  { standing: 'held', processes: ['archive', 'claim'], verdicts: 'wrong', late: true },
  { standing: 'free', processes: ['archive', 'archive'], verdicts: 'wrong', late: false },
  { standing: 'held', processes: ['holderArchives', 'release'], verdicts: 'right', late: true },
  { standing: 'held', processes: ['holderArchives', 'claim'], verdicts: 'wrong', late: true },
  { standing: 'free', processes: ['archive', 'reopen'], verdicts: 'right', late: false },
  { standing: 'free', processes: ['archive', 'archive', 'claim'], verdicts: 'right', late: true },
  { standing: 'held', processes: ['holderArchives', 'release', 'claim'], verdicts: 'wrong', late: false },
]

/** Only by hand: what is like the others, or takes long. */
const LONG: Parties[] = [
  { standing: 'free', processes: ['archive', 'claim'], verdicts: 'wrong', late: true },
  { standing: 'dead', processes: ['archive', 'claim'], verdicts: 'wrong', late: true },
  { standing: 'free', processes: ['archive', 'archive'], verdicts: 'wrong', late: true },
  { standing: 'held', processes: ['holderArchives', 'release'], verdicts: 'wrong', late: true },
  { standing: 'free', processes: ['archive', 'reopen'], verdicts: 'right', late: true },
  { standing: 'free', processes: ['archive', 'archive', 'claim'], verdicts: 'wrong', late: false },
]

describe('interleavings of archiving', () => {
  test.each([...SEARCHED, ...(ALL ? LONG : [])].map(parties => [describeParties(parties), parties] as const))(
    '%s',
    async (what, parties) => {
      await expectNone(what, settingOf(parties))
    },
    TIMEOUT,
  )

  test(
    'whoever comes first: the item is archived, or the claim stands',
    async () => {
      const parties: Parties = {
        standing: 'free',
        processes: ['archive', 'claim'],
        verdicts: 'right',
        late: true,
      }
      const { endings } = await search('endings', { ...settingOf(parties), preemptions: 1 })
      const calm = [...endings].filter(ending => !ending.includes('stopped') && !ending.includes('BUSY'))
      expect(calm.sort()).toEqual([
        'finished archived, finished CLOSED, a:archived ',
        'finished refused, finished granted, b:b ',
      ])
    },
    TIMEOUT,
  )
})

describe('an archiving that is broken on purpose is found out', () => {
  test.each<[string, Mutation, Parties['processes'], Rule]>([
    ['moved before it is published', movedFirst, ['archive', 'claim'], '8'],
    ['moved without its guard, by what was seen before', movedUnseen, ['archive', 'reopen'], '8'],
  ])(
    '%s',
    async (what, mutation, processes, rule) => {
      const setting = settingOf({ standing: 'free', processes, verdicts: 'right', late: false })
      const { violation } = await search(what, { ...setting, mutation, only: [rule] })
      expect(violation?.message).toMatch(new RegExp(`^${rule}: . moves the item to archive/`))
      expect(violation!.trace.length).toBeGreaterThan(5)
    },
    TIMEOUT,
  )
})
