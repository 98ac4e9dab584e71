import { describe, expect, test } from 'vitest'
import { ago, MINUTE, stampOf } from '../support/clock.ts'
import { deadAnchor, HOST, registry } from '../support/sessions.ts'
import { listed, mine, queueWith } from './liveness.shared.ts'

interface Case {
  name: string
  state: string | null
  verdict: 'alive' | 'dead' | 'unknown'
  reason: string | RegExp
  holder?: string
  since?: Date
  settings?: string
}

const TEN_MINUTES_AGO = ago(10 * MINUTE)

const CASES: Case[] = [
  {
    name: 'an anchor that runs',
    state: listed(mine),
    verdict: 'alive',
    reason: `process ${mine.pid} is running`,
  },
  {
    name: 'a process that is gone',
    state: listed(deadAnchor()),
    verdict: 'dead',
    reason: /process \d+ is gone/,
  },
  {
    name: 'a process with another start time',
    state: listed({ ...mine, started: '17' }),
    verdict: 'dead',
    reason: `process ${mine.pid} is now another process`,
  },
  {
    name: 'an anchor of an earlier boot',
    state: listed({ ...mine, boot: '00000000-aaaa-bbbb-cccc-000000000000' }),
    // Without a machine id nothing shows a restart from another machine of the same name.
    verdict: mine.machine ? 'dead' : 'unknown',
    reason: mine.machine ? 'the machine was restarted' : 'before a restart',
  },
  {
    name: 'an anchor on another machine of the same name',
    state: listed({ ...deadAnchor(), boot: '00000000-aaaa-bbbb-cccc-000000000000', machine: 'another1' }),
    verdict: 'unknown',
    reason: mine.machine ? 'another machine of the same name' : 'before a restart',
  },
  {
    name: 'an anchor that runs, on this host under its former name',
    state: listed({ ...mine, host: 'former-name' }),
    verdict: 'alive',
    reason: `process ${mine.pid} is running`,
  },
  {
    name: 'a process that is gone, on this host under its former name',
    state: listed({ ...deadAnchor(), host: 'former-name' }),
    verdict: 'dead',
    reason: /process \d+ is gone/,
  },
  {
    name: 'an anchor on another host',
    state: listed({ ...deadAnchor(), host: 'otherbox', boot: 'b0' }),
    verdict: 'unknown',
    reason: 'otherbox',
  },
  {
    name: 'an anchor in another pid namespace',
    state: listed({ ...deadAnchor(), pidns: '17' }),
    verdict: 'unknown',
    reason: 'pid namespace',
  },
  {
    name: 'two processes of which one runs',
    state: listed(null, { anchors: [deadAnchor(), mine] }),
    verdict: 'alive',
    reason: `process ${mine.pid} is running`,
  },
  {
    name: 'two processes that are gone',
    state: listed(null, { anchors: [deadAnchor(), { ...mine, started: '17' }] }),
    verdict: 'dead',
    reason: /process \d+ is gone; process \d+ is now another process/,
  },
  {
    name: 'two processes of which one is on another host',
    state: listed(null, { anchors: [deadAnchor(), { ...deadAnchor(), host: 'otherbox', boot: 'b0' }] }),
    verdict: 'unknown',
    reason: 'otherbox',
  },
  { name: 'no anchor', state: listed(null), verdict: 'unknown', reason: 'heartbeat' },
  {
    name: 'an end, although its process runs',
    state: listed(mine, { ended_at: ago(MINUTE) }),
    verdict: 'dead',
    reason: 'ended at',
  },
  {
    name: 'no place in the registry',
    state: registry([{ id: 'somebody', anchor: mine }]),
    verdict: 'dead',
    reason: 'not listed',
  },
  { name: 'no place in an empty registry', state: registry([]), verdict: 'dead', reason: 'not listed' },
  {
    name: 'no registry to be in',
    state: null,
    verdict: 'unknown',
    reason: /there is no session-state.yaml|session file was rebuilt/,
  },
  {
    name: 'an older single-session file that names it',
    state: `session_id: "holder"\norchestrator_agent: "claude"\nupdated_at: "${stampOf(ago(MINUTE))}"\n`,
    verdict: 'unknown',
    reason: '',
  },
  {
    name: 'an older single-session file that names another',
    state: `session_id: "somebody"\norchestrator_agent: "claude"\nupdated_at: "${stampOf(ago(MINUTE))}"\n`,
    verdict: 'unknown',
    reason: '',
  },
  {
    name: 'no place in the registry, which proves nothing here (unlisted: unknown)',
    state: registry([]),
    settings: 'unlisted: unknown\n',
    verdict: 'unknown',
    reason: 'unlisted: unknown',
  },
  {
    name: 'no place in a registry that was rebuilt after the lock was taken',
    state: registry([], `session_id: ""\nrebuilt_at: "${stampOf(ago(5 * MINUTE))}"\n`),
    verdict: 'unknown',
    reason: 'was rebuilt',
  },
  {
    name: 'no place in a registry that was rebuilt in the second in which the lock was taken',
    state: registry([], `session_id: ""\nrebuilt_at: "${stampOf(TEN_MINUTES_AGO)}"\n`),
    since: TEN_MINUTES_AGO,
    verdict: 'unknown',
    reason: 'was rebuilt',
  },
  {
    name: 'no place in a registry that was rebuilt before the lock was taken',
    state: registry([], `session_id: ""\nrebuilt_at: "${stampOf(ago(15 * MINUTE))}"\n`),
    verdict: 'dead',
    reason: 'not listed',
  },
  {
    name: 'an unlisted id that names another host',
    state: registry([]),
    holder: 'claude-otherbox-k3x9f2',
    verdict: 'unknown',
    reason: 'otherbox',
  },
  {
    name: 'an unlisted id that names this host',
    state: registry([]),
    holder: `claude-${HOST}-k3x9f2`,
    verdict: 'dead',
    reason: 'not listed',
  },
  {
    name: 'a listed session whose helper it is, and which runs',
    state: listed(mine),
    holder: 'holder/helper-1',
    verdict: 'alive',
    reason: 'is running',
  },
  {
    name: 'a listed session whose helper it is, and which is gone',
    state: listed(deadAnchor()),
    holder: 'holder/helper-1',
    verdict: 'dead',
    reason: 'is gone',
  },
]

describe('a holder with', () => {
  test.each(CASES)(
    '$name is $verdict',
    async ({ state, verdict, reason, holder = 'holder', since = TEN_MINUTES_AGO, settings = '' }) => {
      const queue = queueWith(state, { holder, since, settings })
      const before = queue.read('WRK-157')

      const shown = (await queue.run('show WRK-157 --json')).json
      expect(shown.holder).toMatchObject({ session_id: holder, liveness: verdict })
      expect(shown.holder.reason).toMatch(reason)
      expect((await queue.run('list --json')).json.items[0].liveness).toBe(verdict)

      const claim = await queue.run('claim WRK-157 --json')
      if (verdict === 'dead') {
        expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
        expect(claim.json.from).toMatchObject({ locked_by: holder, reason: expect.stringMatching(reason) })
        expect(claim.stderr).toContain(`took over WRK-157 from ${holder}`)
        expect(claim.stderr).toMatch(reason)
        expect(queue.lock('WRK-157').by).toBe('tester')
        expect(queue.events().at(-1)).toMatchObject({
          type: 'takenOver',
          previous_holder: holder,
          forced: false,
        })
      } else {
        expect(claim.code).toBe(4)
        expect(claim.json.holder).toMatchObject({ session_id: holder, liveness: verdict })
        expect(claim.json.holder.reason).toMatch(reason)
        expect(claim.json.error.message).toContain(
          `held by ${holder} (${verdict === 'alive' ? 'alive' : 'may be alive'}`,
        )
        expect(queue.read('WRK-157')).toBe(before)
      }
      // A judgement that was made twice is the same judgement: refusals do not wear off.
      if (verdict !== 'dead') expect((await queue.run('claim WRK-157', { session: 'other' })).code).toBe(4)
    },
  )
})
