/** Claims across clones, through the built command: what one claims, no other gets. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Clone, type Clones, makeClones, QUEUE } from '../support/coordination/clones.ts'

const two = async (options = {}): Promise<{ clones: Clones; ann: Clone; bob: Clone }> => {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  return { clones, ann, bob }
}

describe('two clones', () => {
  test('one claims, the other learns who has it and on which host; after a release it may', async () => {
    const { clones, ann, bob } = await two()
    expect((await ann.wrk('claim WRK-1 --json')).json).toMatchObject({
      ok: true,
      kind: 'granted',
      coordination: { engine: 'origin', scope: 'shared', epoch: 1 },
    })
    const refused = await bob.wrk('claim WRK-1 --json')
    expect(refused.code).toBe(4)
    expect(refused.json).toMatchObject({
      error: { code: 'LOCKED' },
      holder: { session_id: 'ann', host: expect.any(String), liveness: 'unknown' },
    })
    expect((await ann.wrk('release WRK-1 --json')).json).toMatchObject({
      released: true,
      released_remotely: true,
    })
    expect((await bob.wrk('claim WRK-1 --json')).json).toMatchObject({ coordination: { epoch: 2 } })
    expect(clones.history('wrk-1')).toEqual(['Claim WRK-1 (ann)', 'Release WRK-1 (ann)', 'Claim WRK-1 (bob)'])
  })

  test('of both at the same moment, one wins each item', async () => {
    const { ann, bob } = await two()
    for (const id of ['WRK-1', 'WRK-2', 'WRK-3']) {
      const codes = await Promise.all([ann.wrk(`claim ${id}`), bob.wrk(`claim ${id}`)])
      expect(codes.map(({ code }) => code).sort()).toEqual([0, 4])
    }
  })

  test('next --claim goes on to an item that nobody has', async () => {
    const { ann, bob } = await two()
    const first = await ann.wrk('next --claim --json')
    const second = await bob.wrk('next --claim --json')
    expect([first.json.item.id, second.json.item.id]).toEqual(['WRK-1', 'WRK-2'])
  })

  test('what one has finished is closed to the other before the branch is merged', async () => {
    const { ann, bob } = await two()
    expect((await ann.wrk('start WRK-1')).code).toBe(0)
    expect((await ann.wrk('done WRK-1')).code).toBe(0)
    const refused = await bob.wrk('claim WRK-1')
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining('WRK-1 was finished by ann') })
    for (const verb of ['start WRK-1', 'next --claim --json'])
      expect((await bob.wrk(verb)).stdout).not.toContain('"id":"WRK-1"')
  })

  test('what one holds, the other neither starts nor finishes nor archives', async () => {
    const { ann, bob } = await two()
    await ann.wrk('claim WRK-1')
    for (const verb of ['start', 'done', 'archive', 'block']) {
      const refused = await bob.wrk(`${verb} WRK-1`)
      expect(refused, verb).toMatchObject({ code: 4, stderr: expect.stringContaining('held by ann') })
    }
    expect(readFileSync(bob.path('pending/WRK-1.md'), 'utf8')).toContain('locked_by: ""')
  })

  test('a lock that came with a commit is no claim and no obstacle', async () => {
    const { bob } = await two()
    const path = bob.path('pending/WRK-1.md')
    writeFileSync(path, readFileSync(path, 'utf8').replace('locked_by: ""', 'locked_by: "stranger"'))
    expect((await bob.wrk('claim WRK-1')).code).toBe(0)
  })

  test('a claim that is taken over elsewhere by force is lost at the next heartbeat', async () => {
    const { ann, bob } = await two()
    await ann.wrk('claim WRK-1')
    const taking = await bob.wrk(['claim', 'WRK-1', '--force', '--reason', 'ann is on holiday', '--json'])
    expect(taking.json).toMatchObject({
      kind: 'takenOver',
      from: { locked_by: 'ann' },
      coordination: { epoch: 2 },
    })
    const beat = await ann.wrk('heartbeat --json')
    expect(beat.code).toBe(4)
    expect(beat.json).toMatchObject({ superseded: [{ id: 'WRK-1', reason: expect.stringContaining('bob') }] })
    expect((await ann.wrk('done WRK-1')).code).toBe(4)
    expect((await bob.wrk('release WRK-1 --json')).json).toMatchObject({ released: true })
  })

  test('a session whose process is gone gives way to another clone of the machine at once', async () => {
    const { ann, bob } = await two()
    const { start } = await import('../support/processes.ts')
    const { anchorOf } = await import('../support/sessions.ts')
    const child = start('sleep', ['60'], { cwd: ann.home, env: {} })
    const anchor = anchorOf(child.pid!)
    const { registry } = await import('../support/sessions.ts')
    writeFileSync(ann.path('session-state.yaml'), registry([{ id: 'ann', anchor, heartbeat_at: new Date() }]))
    expect((await ann.wrk('claim WRK-1')).code).toBe(0)
    expect((await bob.wrk('claim WRK-1')).stderr).toContain('held by ann (alive)')
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    expect((await bob.wrk('claim WRK-1 --json')).json).toMatchObject({
      kind: 'takenOver',
      from: { reason: expect.stringContaining(`process ${child.pid} is gone`) },
    })
  })
})

test('show says who has an item in another clone: as last seen with its age, or as the engine says now', async () => {
  const { ann, bob } = await two()
  await ann.wrk('claim WRK-1')
  expect((await bob.wrk('show WRK-1 --json')).json.elsewhere).toBeNull()
  const now = await bob.wrk('show WRK-1 --remote --json')
  expect(now.json.elsewhere).toMatchObject({ state: 'held', session_id: 'ann', branch: 'main', epoch: 1 })
  expect((await bob.wrk('show WRK-1')).stdout).toMatch(
    /elsewhere +held by ann on \S+ \(branch main\), claimed /,
  )
  expect((await bob.wrk('coordination status')).stdout).toContain('elsewhere: WRK-1 held by ann on ')
  expect((await ann.wrk('show WRK-1 --remote --json')).json).toMatchObject({
    elsewhere: null,
    lock: { locked_by: 'ann' },
  })
})

test('two clones that make items at once never take one id', async () => {
  const { ann, bob } = await two()
  const made = await Promise.all(
    ['a', 'b', 'c'].flatMap(title => [ann.wrk(['new', title, '--json']), bob.wrk(['new', title, '--json'])]),
  )
  const ids = made.map(({ json }) => json.item.id)
  expect(new Set(ids).size).toBe(6)
  expect((await ann.wrk(`claim ${ids[0]}`)).code).toBe(0)
})

describe('when the remote cannot be reached', () => {
  test('nothing is claimed: exit 69, which remote and why, and the way on', async () => {
    const { clones, ann } = await two()
    const refused = await clones.unreachable(() => ann.wrk('claim WRK-1'))
    expect(refused).toMatchObject({ code: 69, stdout: '' })
    expect(refused.stderr).toMatch(/^wrk: WRK-1 was not claimed: cannot reach origin: /)
    expect(refused.stderr).toContain('wrk claim WRK-1 --local')
    expect(readFileSync(ann.path('pending/WRK-1.md'), 'utf8')).toContain('locked_by: ""')
    // The next call settles what may have been left, and claims.
    expect((await ann.wrk('claim WRK-1')).code).toBe(0)
  })

  test('a release frees the item here, and the next command tells the others', async () => {
    const { clones, ann, bob } = await two()
    await ann.wrk('claim WRK-1')
    const released = await clones.unreachable(() => ann.wrk('release WRK-1 --json'))
    expect(released).toMatchObject({ code: 0, json: { released: true, released_remotely: false } })
    expect((await bob.wrk('claim WRK-1')).code).toBe(4)
    await ann.wrk('heartbeat')
    expect((await bob.wrk('claim WRK-1')).code).toBe(0)
  })

  test('--local claims in this clone alone; another’s claim then wins over it', async () => {
    const { clones, ann, bob } = await two({ settings: '  offline: local\n' })
    const local = await clones.unreachable(() => ann.wrk('claim WRK-1 --json'))
    expect(local).toMatchObject({ code: 0, json: { coordination: { scope: 'local' } } })
    expect(local.stderr).toContain('in this clone only')
    expect((await bob.wrk('claim WRK-1')).code).toBe(0)
    const beat = await ann.wrk('heartbeat --json')
    expect(beat).toMatchObject({ code: 4, json: { superseded: [{ id: 'WRK-1' }] } })
  })

  test('a local claim that nobody else wants is published by the next command', async () => {
    const { clones, ann, bob } = await two({ settings: '  offline: local\n' })
    await clones.unreachable(() => ann.wrk('claim WRK-1'))
    expect((await ann.wrk('heartbeat')).code).toBe(0)
    expect((await bob.wrk('claim WRK-1')).code).toBe(4)
  })

  test('a malformed setting is an error, never a queue without coordination', async () => {
    const { ann } = await two()
    writeFileSync(join(ann.top, QUEUE, 'wrk.yaml'), 'coordination:\n  engine: raft\n')
    const refused = await ann.wrk('claim WRK-1')
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/wrk\.yaml:2:3: coordination\.engine/),
    })
  })
})

test('without coordination no folder of it is made and no part of it is loaded', async () => {
  const { ann } = await two()
  writeFileSync(join(ann.top, QUEUE, 'wrk.yaml'), 'ttl: 2h\n')
  expect((await ann.wrk('claim WRK-1')).code).toBe(0)
  expect((await ann.wrk('release WRK-1')).code).toBe(0)
  expect(existsSync(ann.path('.wrk/coordination'))).toBe(false)
})
