/**
 * What a claim costs when a git remote decides over it: against the same claim without, and one `git push` of one ref
 * to the same bare repository on the same disk, in the same run. With many refs, since every push receives all of them.
 * Where this clone's view of the item is outdated, a claim costs one fetch and one push more: the first push is refused.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { summary, time } from './measure.mjs'
import { program } from './program.mjs'
import { progress } from './setting.mjs'
import { goal } from './table.mjs'

const REFS = 'refs/wrk/claims/queue'
/** A claim may cost so many pushes more than one without coordination. */
const PUSHES = 1.5
const RENEWED = 50

export async function coordination(setting) {
  const { smoke } = setting
  const rounds = smoke ? 2 : Math.min(setting.rounds, 20)
  const rows = []
  for (const refs of smoke ? [20] : [100, 1_000, 10_000]) {
    progress(`coordination, ${refs} refs`)
    rows.push(await measure(setting, refs, rounds))
  }
  const ms = what => row => row[what].toFixed(0)
  return [
    {
      title: 'Claims that a bare repository on the same disk decides over',
      columns: {
        'push of one ref, ms': ms('push'),
        'claim without, ms': ms('local'),
        'claim with, ms': ms('shared'),
        'pushes more': row => row.pushes.toFixed(2),
        'fetch, ms': ms('fetch'),
        'view outdated, ms': ms('outdated'),
        [`renewing ${RENEWED}, ms`]: ms('renewal'),
        rounds: () => String(rounds),
      },
      rows,
    },
  ]
}

async function measure(setting, refs, rounds) {
  const folder = join(setting.temp, `coordination-${refs}`)
  const bare = join(folder, 'remote.git')
  const ids = Array.from({ length: 2 * (rounds + 1) + RENEWED }, (_, i) => `WRK-${i + 1}`)
  mkdirSync(bare, { recursive: true })
  const git = (cwd, ...args) =>
    execFileSync('git', args, { cwd, env: { ...setting.env, ...WHO }, encoding: 'utf8' })
  git(bare, 'init', '--quiet', '--bare', '.')
  const settings = 'coordination:\n  engine: git\n  remote: origin\n'
  const [withEngine, other] = ['with', 'other'].map(name => makeClone(folder, name, ids, git, bare, settings))
  const without = makeClone(folder, 'without', ids, git, bare, 'ttl: 2h\n')
  fill(bare, refs, git)
  const wrk = (root, ...words) => time([program.wrk, '--queue', root, ...words], setting.context)
  for (const clone of [withEngine, other]) await wrk(clone, 'coordination', 'probe')
  const fetchAll = [
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    bare,
    '+refs/wrk/claims/*:refs/wrk/claims/*',
  ]
  const looker = join(folder, 'looker.git')
  git(folder, 'init', '--quiet', '--bare', looker)
  git(looker, 'fetch', ...fetchAll)
  git(looker, 'pack-refs', '--all')
  const all = { push: [], local: [], shared: [], fetch: [], outdated: [] }
  let from = ''
  for (let round = 0; round <= rounds; round++) {
    const id = ids[round]
    const to = git(without, 'commit-tree', EMPTY_TREE, '-m', `push ${round}`).trim()
    const begun = performance.now()
    git(without, 'push', '--quiet', `--force-with-lease=refs/wrk/push:${from}`, bare, `${to}:refs/wrk/push`)
    const push = performance.now() - begun
    from = to
    const local = await wrk(without, 'claim', id)
    const shared = await wrk(withEngine, 'claim', id)
    await wrk(withEngine, 'release', id)
    // Another clone has had it meanwhile, of which this one has not heard.
    const late = ids[rounds + 1 + round]
    for (const verb of ['claim', 'release']) await wrk(other, verb, late)
    const outdated = await wrk(withEngine, 'claim', late)
    await wrk(withEngine, 'release', late)
    const looking = performance.now()
    git(looker, 'fetch', ...fetchAll)
    const fetch = performance.now() - looking
    const took = { push, local, shared, fetch, outdated }
    // The first round warms caches.
    if (round > 0) for (const name of Object.keys(all)) all[name].push(took[name])
  }
  for (const id of ids.slice(-RENEWED)) await wrk(withEngine, 'claim', id)
  const renewal = await wrk(withEngine, 'heartbeat')
  rmSync(folder, { recursive: true })
  const [push, local, shared, fetch, outdated] = Object.values(all).map(took => summary(took).median)
  const pushes = (shared - local) / push
  const goals = setting.smoke
    ? []
    : [
        goal(`at most ${PUSHES} pushes more`, pushes <= PUSHES),
        goal(
          'outdated: a fetch and a push on top',
          outdated - local <= (PUSHES + 1) * push + Math.max(fetch, push),
        ),
      ]
  return { name: `${refs} refs`, push, local, shared, pushes, fetch, outdated, renewal, goals }
}

const WHO = {
  GIT_AUTHOR_NAME: 'b',
  GIT_AUTHOR_EMAIL: 'b@x',
  GIT_COMMITTER_NAME: 'b',
  GIT_COMMITTER_EMAIL: 'b@x',
}
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

function makeClone(folder, name, ids, git, bare, settings) {
  const root = join(folder, name, 'queue')
  for (const status of ['pending', 'working', 'blocked', 'done', 'archive'])
    mkdirSync(join(root, status), { recursive: true })
  writeFileSync(join(root, 'wrk.yaml'), settings)
  for (const id of ids)
    writeFileSync(
      join(root, 'pending', `${id}.md`),
      `---\nid: ${id}\ntitle: What ${id} is about\nstatus: pending\nlocked_by: ""\nlocked_at: ""\n---\n`,
    )
  git(root, 'init', '--quiet', '..')
  git(root, 'remote', 'add', 'origin', bare)
  // An empty tree has to be there before a commit can name it.
  execFileSync('git', ['hash-object', '-w', '-t', 'tree', '/dev/null'], { cwd: root })
  return root
}

/** Other people's claims: one object under many names is enough to be advertised. */
function fill(bare, refs, git) {
  git(bare, 'hash-object', '-w', '-t', 'tree', '/dev/null')
  const message = `Claim x\n\n{"v":1,"id":"X-1","state":"held","epoch":1,"nonce":"n","session":"s","agent":null,"host":"h","clone":"c","boot":"","run":null,"claimed_at":"2026-02-16T19:30:05Z","renewed_at":"2026-02-16T19:30:05Z","ttl_s":7200,"branch":null,"commit":null}\n`
  const commit = git(bare, 'commit-tree', EMPTY_TREE, '-m', message).trim()
  const lines = Array.from({ length: refs }, (_, i) => `create ${REFS}/other-${i} ${commit}\n`)
  execFileSync('git', ['update-ref', '--stdin'], { cwd: bare, input: lines.join('') })
  git(bare, 'pack-refs', '--all')
}
