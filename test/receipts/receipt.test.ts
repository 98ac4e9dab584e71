/** Receipts: what was done, for programs and for people, and nothing that nobody should read there. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, type Env } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { run } from '../support/run.ts'
import { HOST } from '../support/sessions.ts'
import { together } from '../support/together.ts'

const ARTIFACTS = '.agents/skills/artifacts'

function git(cwd: string, ...args: string[]): string {
  const done = spawnSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: { ...cleanEnv(cwd), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  })
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`)
  return done.stdout.trim()
}

/** A repository with one commit. */
function makeRepository(remote?: string): string {
  const folder = tempFolder()
  git(folder, 'init', '-q', '-b', 'trunk')
  writeFileSync(join(folder, '.gitignore'), 'bin/\n')
  git(folder, 'add', '.')
  git(folder, '-c', 'user.name=T', '-c', 'user.email=t@example.org', 'commit', '-qm', 'one')
  if (remote) git(folder, 'remote', 'add', 'origin', remote)
  return folder
}

function receipt(cwd: string, args: readonly string[], env: Env = {}): Promise<Result> {
  return run(['receipt', ...args], { cwd, session: null, env })
}

const PASS = ['--skill', 'nightly-build', '--status', 'pass']
const manifestIn = (folder: string, slug = 'nightly-build', run = 'latest'): Json =>
  JSON.parse(readFileSync(join(folder, ARTIFACTS, slug, `${run}_manifest.json`), 'utf8'))
const logIn = (folder: string, slug = 'nightly-build', run = 'latest') =>
  readFileSync(join(folder, ARTIFACTS, slug, `${run}_log.md`), 'utf8')

describe('a receipt', () => {
  test('says what was done, where and on what, as the latest and under the run’s name', async () => {
    const folder = makeRepository('https://robot:hunter22@example.org/team/tool.git?token=abc')
    mkdirSync(join(folder, 'deep/er'), { recursive: true })
    const result = await receipt(join(folder, 'deep/er'), [
      ...PASS,
      ...['--reason', 'all is well – 正常'],
      ...['--inputs', '{"operation":"build","depth":{"n":3}}'],
      ...['--commands', '["make all","make check"]'],
      ...['--consumed', '["src"]'],
      ...['--produced', '["dist/tool"]'],
      ...['--links', '{"ci":"https://ci.example.org/7"}'],
      ...['--run-id', 'ci:7', '--json'],
    ])
    expect([result.code, result.stderr]).toEqual([0, ''])
    const paths = {
      manifest: `${ARTIFACTS}/nightly-build/latest_manifest.json`,
      log: `${ARTIFACTS}/nightly-build/latest_log.md`,
      run_manifest: expect.stringMatching(/\/run-ci-7-[0-9a-f]{8}_manifest\.json$/),
      run_log: expect.stringMatching(/\/run-ci-7-[0-9a-f]{8}_log\.md$/),
    }
    expect(result.json).toMatchObject({
      ok: true,
      skill: 'nightly-build',
      run_id: 'ci:7',
      receipt_paths: paths,
    })
    const manifest = manifestIn(folder)
    expect(manifest).toEqual({
      schema_version: 1,
      skill: 'nightly-build',
      run_id: 'ci:7',
      receipt_paths: paths,
      repo: { full_name: 'team/tool', remote_url: 'https://example.org/team/tool.git' },
      git: { sha: git(folder, 'rev-parse', 'HEAD'), branch: 'trunk', dirty: false },
      host: HOST,
      timing: {
        started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        ended_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        duration_ms: 0,
      },
      status: 'pass',
      reason: 'all is well – 正常',
      inputs: { operation: 'build', depth: { n: 3 } },
      commands: ['make all', 'make check'],
      paths_consumed: ['src'],
      paths_produced: ['dist/tool'],
      links: { ci: 'https://ci.example.org/7' },
    })
    for (const [path, text] of [
      [
        manifest.receipt_paths.run_manifest,
        readFileSync(join(folder, manifest.receipt_paths.manifest), 'utf8'),
      ],
      [manifest.receipt_paths.run_log, logIn(folder)],
    ])
      expect(readFileSync(join(folder, path), 'utf8')).toBe(text)
    for (const part of [
      '# nightly-build: pass',
      'all is well – 正常',
      'make check',
      'team/tool',
      'on trunk, clean',
    ])
      expect(logIn(folder)).toContain(part)
    expect(readFileSync(join(folder, manifest.receipt_paths.manifest))[0]).toBe('{'.charCodeAt(0))
  })

  test('needs no repository, no queue and no git', async () => {
    const folder = tempFolder()
    const result = await receipt(folder, ['--skill', 'x', '--status', 'fail', '--reason', 'broken'], {
      PATH: join(folder, 'bin'),
    })
    expect([result.code, result.stderr]).toEqual([0, ''])
    expect(result.stdout).toBe(`${ARTIFACTS}/x/latest_manifest.json\n${ARTIFACTS}/x/latest_log.md\n`)
    expect(manifestIn(folder, 'x')).toMatchObject({
      status: 'fail',
      repo: { full_name: null, remote_url: null },
      git: { sha: null, branch: null, dirty: null },
      inputs: {},
      commands: [],
      links: {},
    })
  })

  test('is in the workspace above the queue where there is no repository', async () => {
    const folder = tempFolder()
    const queue = join(folder, 'ws/.claude/work-queue')
    mkdirSync(join(queue, 'pending'), { recursive: true })
    mkdirSync(join(queue, 'working'))
    expect((await receipt(join(queue, 'pending'), PASS)).code).toBe(0)
    expect(manifestIn(join(folder, 'ws')).status).toBe('pass')
  })

  test('is of the run that it is written in, and says how long that took', async () => {
    const folder = makeRepository()
    const result = await run(['lock', 'run', '--state-dir', 'bin/state', '--', 'wrk', 'receipt', ...PASS], {
      cwd: folder,
      session: null,
    })
    expect(result.code).toBe(0)
    const manifest = manifestIn(folder)
    expect(manifest.run_id).toMatch(/^run-\d{8}T\d{6}Z-\w{6}$/)
    expect(manifestIn(folder, 'nightly-build', manifest.run_id)).toEqual(manifest)
    await receipt(folder, [...PASS, '--run-id', 'run-20200101T000000Z-aaaaaa'])
    expect(manifestIn(folder).timing.started_at).toBe('2020-01-01T00:00:00Z')
    expect(manifestIn(folder).timing.duration_ms).toBeGreaterThan(1000)
    // A receipt is no change that the next one would report.
    expect(manifestIn(folder).git.dirty).toBe(false)
    writeFileSync(join(folder, 'new'), '')
    await receipt(folder, PASS)
    expect(manifestIn(folder).git.dirty).toBe(true)
  })

  test('holds no environment but what distinguishes one run from another', async () => {
    const folder = tempFolder()
    const env = {
      GITHUB_RUN_ID: '77',
      CI: 'true',
      API_TOKEN: 'abcdef',
      FOO: 'bar',
      WRK_SESSION_ID: 'nightly',
    }
    expect((await receipt(folder, PASS, env)).code).toBe(0)
    expect(manifestIn(folder).environment).toEqual({
      CI: 'true',
      GITHUB_RUN_ID: '77',
      WRK_SESSION_ID: 'nightly',
    })
    expect(readFileSync(join(folder, ARTIFACTS, 'nightly-build/latest_manifest.json'), 'utf8')).not.toMatch(
      /abcdef|bar/,
    )
  })

  test('shows no secret that was given to it', async () => {
    const folder = makeRepository('https://ghp_abcdefghijklmnop@example.org/a/b')
    const secrets = [
      'hunter22',
      'ghp_abcdefghijklmnop',
      'sk-abcdefghijkl',
      'AKIAABCDEFGHIJKLMNOP',
      'topsecret1',
    ]
    const [password, token, key, aws, deep] = secrets
    const result = await receipt(folder, [
      ...PASS,
      ...['--reason', `login with password=${password} failed, Bearer ${deep}`],
      ...['--inputs', JSON.stringify({ password, deep: [{ api_key: { any: deep } }], note: key, n: 1 })],
      ...[
        '--commands',
        JSON.stringify([
          `curl -u me:${password} https://x`,
          `AWS_SECRET_ACCESS_KEY=${aws} run`,
          `push --token ${deep}`,
        ]),
      ],
      ...['--links', JSON.stringify([`https://u:${password}@host/x?access_token=${token}&page=2`])],
      '--json',
    ])
    expect(result.code).toBe(0)
    for (const text of [JSON.stringify(manifestIn(folder)), logIn(folder), result.stdout])
      for (const secret of secrets) expect(text).not.toContain(secret)
    const manifest = manifestIn(folder)
    expect(manifest.inputs).toEqual({ password: '***', deep: [{ api_key: '***' }], note: '***', n: 1 })
    expect(manifest.commands[2]).toBe('push --token ***')
    expect(manifest.links).toEqual(['https://host/x?access_token=***&page=2'])
    expect(manifest.repo).toEqual({ full_name: 'a/b', remote_url: 'https://example.org/a/b' })
  })

  test.each(['../x', '..', '.x', 'a/b', '/abs', '', 'a b', 'a\\b'])('is not filed under %j', async slug => {
    const folder = tempFolder()
    const result = await receipt(folder, ['--skill', slug, '--status', 'pass', '--json'])
    expect([result.code, result.json.error.code]).toEqual([2, 'USAGE'])
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    [['--inputs', '[]'], '--inputs must be a JSON object'],
    [['--inputs', '{'], '--inputs must be JSON'],
    [['--commands', '"make"'], '--commands must be a JSON array of strings'],
    [['--consumed', '[1]'], '--consumed must be a JSON array of strings'],
    [['--produced', '{}'], '--produced must be a JSON array of strings'],
    [['--links', '7'], '--links must be a JSON object, or an array of strings'],
    [['--status', 'maybe'], '--status must be "pass" or "fail"'],
    [['--run-id', '../x'], '--run-id must be a run id'],
  ])('with %j is a usage error that says what is wrong', async (args, message) => {
    const folder = tempFolder()
    const result = await receipt(folder, [...PASS, ...args, '--json'])
    expect([result.code, result.json.error.code]).toEqual([2, 'USAGE'])
    expect(result.json.error.message).toContain(message)
    expect(readdirSync(folder)).toEqual([])
  })

  test('replaces a link in a file’s place, and does not follow one out of the repository', async () => {
    const folder = tempFolder()
    const outside = tempFolder()
    const mine = join(outside, 'mine')
    writeFileSync(mine, 'mine')
    const artifacts = join(folder, ARTIFACTS, 'nightly-build')
    mkdirSync(artifacts, { recursive: true })
    symlinkSync(mine, join(artifacts, 'latest_manifest.json'))
    expect((await receipt(folder, PASS)).code).toBe(0)
    expect(readFileSync(mine, 'utf8')).toBe('mine')
    expect(manifestIn(folder).status).toBe('pass')

    for (const part of ['.agents', ARTIFACTS, `${ARTIFACTS}/nightly-build`]) {
      const place = tempFolder()
      mkdirSync(join(place, part, '..'), { recursive: true })
      symlinkSync(outside, join(place, part))
      const result = await receipt(place, [...PASS, '--json'])
      expect([part, result.code, result.json.error.code]).toEqual([part, 74, 'IO'])
      expect(result.json.error.message).toContain('is a link out of')
    }
    expect(readdirSync(outside)).toEqual(['mine'])

    // Within the repository a link leads where its owner wants it.
    const inside = tempFolder()
    mkdirSync(join(inside, 'skills'))
    mkdirSync(join(inside, '.agents'))
    symlinkSync('../skills', join(inside, '.agents/skills'))
    expect((await receipt(inside, PASS)).code).toBe(0)
    expect(existsSync(join(inside, 'skills/artifacts/nightly-build/latest_log.md'))).toBe(true)
  })

  test('is whole whoever else writes one, and goes where --out says', async () => {
    const queue = makeQueue()
    const out = join(queue.home, 'receipts')
    const calls = Array.from({ length: 12 }, (_, i) => ({
      args: ['receipt', ...PASS, '--out', out, '--run-id', `r${i}`, '--reason', 'x'.repeat(i * 4000)],
    }))
    const results = await together(calls, { queue })
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(calls.map(() => [0, '']))
    const names = readdirSync(out)
    expect(names).toHaveLength(26)
    for (const name of names.filter(one => one.endsWith('.json')))
      expect(JSON.parse(readFileSync(join(out, name), 'utf8')).status).toBe('pass')
  })
})

describe('wrk lock --receipt', () => {
  test('writes one of what was done with the lock', async () => {
    const folder = makeRepository()
    const env = { WRK_STATE_DIR: 'bin/state' }
    const lock = (args: string) => run(`lock ${args}`, { cwd: folder, session: 'tester', env })
    const claim = await lock('claim --purpose token=abc123 --run-id r1 --ttl 60 --json --receipt')
    expect([claim.code, claim.json.acquired]).toEqual([0, true])
    expect(claim.json.receipt_paths.manifest).toBe(`${ARTIFACTS}/session-lock-ops/latest_manifest.json`)
    const first = manifestIn(folder, 'session-lock-ops')
    expect(first).toMatchObject({
      skill: 'session-lock-ops',
      run_id: 'r1',
      status: 'pass',
      reason: null,
      inputs: { operation: 'claim', name: 'nightly_session', ttl: '60', purpose: 'token=***' },
      commands: ['wrk lock claim nightly_session --ttl 60 --purpose token=*** --run-id r1'],
      paths_consumed: [claim.json.lock_path],
      paths_produced: [claim.json.lock_path],
    })
    expect(manifestIn(folder, 'session-lock-ops', 'r1')).toEqual(first)

    const refused = await lock('claim --run-id r2 --receipt')
    expect(refused.code).toBe(4)
    expect(manifestIn(folder, 'session-lock-ops')).toMatchObject({
      run_id: 'r2',
      status: 'fail',
      reason: expect.stringContaining('held by r1'),
      paths_produced: [],
    })
    expect((await lock('release --run-id r1 --receipt')).code).toBe(0)
    const ran = await lock('run --receipt out -- sh -c exit\t5')
    expect(ran.code).toBe(5)
    const manifest = JSON.parse(readFileSync(join(folder, 'out/latest_manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({ status: 'fail', reason: expect.stringContaining('exit code 5') })
    expect(manifest.commands[0]).toContain('-- sh -c')
    expect((await lock('show --receipt')).code).toBe(0)
    expect((await lock('cleanup --receipt --json')).json.receipt_paths.log).toContain('latest_log.md')
  })

  test('that cannot be written is a warning: the lock is held all the same', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, '.agents'), 'a file')
    const env = { WRK_STATE_DIR: join(folder, 'state') }
    const claim = await run('lock claim --json --receipt', { cwd: folder, session: 'tester', env })
    expect([claim.code, claim.json.acquired, claim.json.receipt_paths]).toEqual([0, true, null])
    expect(claim.json.warning).toContain('the receipt could not be written')
    expect(claim.stderr).toContain('the receipt could not be written')
  })
})
