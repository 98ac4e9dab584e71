/** What is in a receipt: the manifest that programs read, and the log that people read. */
import { describe, expect, test } from 'vitest'
import { WrkError } from '../../../src/core/errors.ts'
import {
  checkSlug,
  commandText,
  fileNameOfRun,
  type Manifest,
  manifestOf,
  type ReceiptFacts,
  receiptLog,
} from '../../../src/core/receipts/receipt.ts'

const FACTS: ReceiptFacts = {
  skill: 'nightly-build',
  runId: 'ci:7',
  status: 'pass',
  reason: null,
  inputs: {},
  commands: [],
  consumed: [],
  produced: [],
  links: {},
  startedAt: new Date('2026-02-16T19:30:05.400Z'),
  endedAt: new Date('2026-02-16T19:31:06.000Z'),
}
const PLACE: Pick<Manifest, 'repo' | 'git' | 'host' | 'receipt_paths'> = {
  repo: { full_name: 'team/tool', remote_url: 'https://example.org/team/tool.git' },
  git: { sha: '5a1b', branch: 'trunk', dirty: false },
  host: 'devbox',
  receipt_paths: { manifest: 'm', log: 'l', run_manifest: 'rm', run_log: 'rl' },
}

const manifest = (facts: Partial<ReceiptFacts> = {}, env: Record<string, string | undefined> = {}) =>
  manifestOf({ ...FACTS, ...facts }, PLACE, env)

describe('a manifest', () => {
  test('holds what was done and where, and how long it took', () => {
    expect(manifest()).toEqual({
      schema_version: 1,
      skill: 'nightly-build',
      run_id: 'ci:7',
      ...PLACE,
      timing: { started_at: '2026-02-16T19:30:05Z', ended_at: '2026-02-16T19:31:06Z', duration_ms: 60_600 },
      status: 'pass',
      reason: null,
      inputs: {},
      commands: [],
      paths_consumed: [],
      paths_produced: [],
      links: {},
    })
    expect(manifest({ endedAt: new Date(0) }).timing.duration_ms).toBe(0)
  })

  test('masks secrets wherever they are', () => {
    const masked = manifest(
      {
        status: 'fail',
        reason: 'token=abc',
        inputs: { token: 'abc', n: 7 },
        commands: ['run --token abc'],
        consumed: ['a?token=abc'],
        produced: ['b?token=abc'],
        links: ['https://me:abc@host/'],
      },
      { WRK_SESSION_ID: 'token=abc' },
    )
    expect(masked).toMatchObject({
      status: 'fail',
      reason: 'token=***',
      inputs: { token: '***', n: 7 },
      commands: ['run --token ***'],
      paths_consumed: ['a?token=***'],
      paths_produced: ['b?token=***'],
      links: ['https://host/'],
      environment: { WRK_SESSION_ID: 'token=***' },
    })
  })

  test('holds of the environment only what distinguishes one run from another, where it is set, and not too much', () => {
    const kept = {
      CI: 'true',
      GITHUB_RUN_ID: '7',
      GITHUB_RUN_ATTEMPT: '1',
      WRK_SESSION_ID: 'me',
      WRK_LOCK_NAME: 'nightly',
    }
    expect(manifest({}, { ...kept, HOME: '/home/me' }).environment).toEqual(kept)
    expect(
      manifest({}, { CI: '', GITHUB_RUN_ID: undefined, WRK_LOCK_NAME: 'x'.repeat(201) }).environment,
    ).toEqual({ WRK_LOCK_NAME: 'x'.repeat(200) })
    expect(manifest({}, { CI: '', HOME: '/home/me' })).not.toHaveProperty('environment')
  })
})

describe('a log', () => {
  test('says in lines what the manifest says, and nothing of what is empty', () => {
    expect(receiptLog(manifest())).toBe(`# nightly-build: pass

- Status: pass
- Run: ci:7
- Host: devbox
- Started: 2026-02-16T19:30:05Z
- Ended: 2026-02-16T19:31:06Z (after 1m)
- Repository: team/tool
- Commit: 5a1b on trunk, clean
`)
  })

  test('has a list each for what there was', () => {
    const log = receiptLog(
      manifest({
        status: 'fail',
        reason: 'it broke',
        inputs: { a: 'text', b: { c: [1] } },
        commands: ['make', 'make check'],
        consumed: ['src'],
        produced: ['dist'],
        links: { ci: 'https://ci' },
      }),
    )
    expect(log.split('\n\n').slice(2)).toEqual([
      '## Inputs',
      '- `a: text`\n- `b: {"c":[1]}`',
      '## Commands',
      '- `make`\n- `make check`',
      '## Read',
      '- `src`',
      '## Written',
      '- `dist`',
      '## Links',
      '- `ci: https://ci`\n',
    ])
    expect(log).toContain('\n- Reason: it broke\n')
    expect(receiptLog(manifest({ links: ['https://ci'] }))).toContain('\n\n## Links\n\n- `https://ci`\n')
  })

  test.each<[what: string, place: Partial<typeof PLACE>, line: string | null]>([
    ['Repository', { repo: { full_name: null, remote_url: '/srv/tool' } }, '/srv/tool'],
    ['Repository', { repo: { full_name: null, remote_url: null } }, null],
    ['Commit', { git: { sha: null, branch: 'trunk', dirty: true } }, null],
    ['Commit', { git: { sha: '5a1b', branch: null, dirty: null } }, '5a1b'],
    [
      'Commit',
      { git: { sha: '5a1b', branch: null, dirty: true } },
      '5a1b, with changes that are not committed',
    ],
  ])('says of the %s what is known: %j', (what, place, line) => {
    const found = receiptLog({ ...manifest(), ...place }).match(new RegExp(`^- ${what}: (.*)$`, 'm'))
    expect(found?.[1] ?? null).toBe(line)
  })

  test('keeps each text in its line, and what terminals would obey out of it', () => {
    const log = receiptLog(manifest({ reason: 'a\n\n# b\t\u001b[31m', commands: ['c  \r\nd'] }))
    expect(log).toContain('- Reason: a # b ?[31m\n')
    expect(log).toContain('- `c d`\n')
    expect(receiptLog(manifest({ reason: 'x'.repeat(1001) }))).toContain(`- Reason: ${'x'.repeat(999)}…\n`)
  })

  test.each([
    ['a `b` c', '`` a `b` c ``'],
    ['` ``` ``', '```` ` ``` `` ````'],
    ['', '`  `'],
  ])('fences code with more backticks than are in it: %j as %s', (command, code) => {
    expect(receiptLog(manifest({ commands: [command] }))).toContain(`- ${code}\n`)
  })
})

describe('a slug', () => {
  test.each(['a', '7', 'nightly-build', 'A.b_c-7', 'x'.repeat(64)])('may be %j', slug => {
    expect(checkSlug(slug)).toBe(slug)
  })

  test.each(['', '-a', '.a', '_a', 'a b', 'a/b', '../a', 'a\n', 'ä', 'x'.repeat(65)])(
    'may not be %j',
    slug => {
      expect(() => checkSlug(slug)).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          message: expect.stringContaining('--skill'),
          hint: expect.stringContaining('1 to 64 letters, digits'),
        }),
      )
    },
  )

  test('is shown as it was given, without what a terminal would obey', () => {
    expect(() => checkSlug('a\u001bb')).toThrow(WrkError)
    expect(() => checkSlug('a\u001bb')).toThrow('"a?b"')
    expect(() => checkSlug('x'.repeat(99))).toThrow(`"${'x'.repeat(59)}…"`)
  })
})

describe('the files of a run are named', () => {
  const named = (runId: string) => fileNameOfRun(runId, text => `hash(${text.length})`)

  test.each(['r1', '7', 'run-20260216T193005Z-k3x9f2', 'A.b_c-7', 'latest-2', 'x'.repeat(100)])(
    'as it is: %s',
    runId => {
      expect(named(runId)).toBe(runId)
    },
  )

  test.each([
    ['ci:7@a/b', 'run-ci-7-a-b-hash(8)'],
    ['_x', 'run-_x-hash(2)'],
    ['.x', 'run-.x-hash(2)'],
    ['', 'run--hash(0)'],
    ['x'.repeat(101), `run-${'x'.repeat(100)}-hash(101)`],
  ])('with a hash where they could be no file, or that of another: %j', (runId, name) => {
    expect(named(runId)).toBe(name)
  })

  test('never as the latest receipt, whose files the next one replaces', () => {
    expect(named('latest')).toBe('run-latest-hash(6)')
    expect(named('Latest')).toBe('run-Latest-hash(6)')
  })
})

test('a command line has words quoted that a shell would take apart', () => {
  expect(commandText(['git', '-C', 'a/b', 'log', '--format=%h:1,2+@x'])).toBe(
    'git -C a/b log --format=%h:1,2+@x',
  )
  expect(commandText(['a b', '', "it's", '$x', 'x;y', '"q"'])).toBe(`"a b" "" "it's" "$x" "x;y" "\\"q\\""`)
})
