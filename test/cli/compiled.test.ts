/**
 * V8's compiled form of the program, which a package does not hold: the first start leaves it for the next, and none is
 * used that is of another program or of another's making. What a form holds is seen by planting one whose
 * text differs from the bundle's.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, type Env, ROOT, STANDALONE } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { together } from '../support/together.ts'

const ENDING = `${process.version}-${process.arch}`
const IS_ROOT = process.getuid?.() === 0
const STRANGER = 65534

/** What is in `dist/` of a package: the bundles, without compiled forms. */
class Installed {
  readonly home = tempFolder()
  readonly dist = join(this.home, 'wrk-cli', 'dist')
  readonly cache = join(this.home, '.cache', 'wrk')
  /** Of the bundle that `wrk show` needs, beside it. */
  readonly form = join(this.dist, `main.cjs.${ENDING}`)

  constructor() {
    mkdirSync(this.dist, { recursive: true })
    for (const name of readdirSync(join(ROOT, 'dist')).filter(one => one.endsWith('.cjs')))
      copyFileSync(join(ROOT, 'dist', name), join(this.dist, name))
  }

  get wrk(): string {
    return join(this.dist, 'wrk.cjs')
  }

  /** `wrk show` of a missing item, without a queue: it says so. */
  show(env: Env = {}): Promise<Result> {
    const options = { cwd: this.home, env: cleanEnv(this.home, env) }
    return finished(start(process.execPath, [this.wrk, 'show', '5'], options))
  }

  /** The same as a user who may not write where the program is. */
  showAsStranger(env: Env = {}): string {
    chmodSync(this.home, 0o777)
    chmodSync(this.dist, 0o555)
    const as = IS_ROOT ? { uid: STRANGER, gid: STRANGER } : {}
    const { stderr } = spawnSync(process.execPath, [this.wrk, 'show', '5'], {
      cwd: '/',
      env: cleanEnv(this.home, env),
      encoding: 'utf8',
      ...as,
    })
    return stderr
  }

  formsIn(folder: string): string[] {
    return existsSync(folder)
      ? readdirSync(folder).filter(name => name.includes('.cjs.v') || name.includes('.cjs-'))
      : []
  }
}

/** Puts the compiled form of a program that says something else into a file that holds one, under that one's first line. */
async function plant(form: string): Promise<void> {
  const other = new Installed()
  replaceWords(join(other.dist, 'main.cjs'), 'planted words')
  expect((await other.show()).stderr).toContain('planted words')
  const planted = readFileSync(other.form)
  const data = planted.subarray(planted.indexOf(10) + 1)
  const [kind, state, , commands] = readFileSync(form, 'latin1').split('\n')[0]!.split(' ')
  const line = `${kind} ${state} ${data.length} ${commands}`
  writeFileSync(
    form,
    Buffer.concat([Buffer.from(`${line.padEnd(line.length + 7 - (line.length % 8))}\n`), data]),
  )
}

/** Makes a program say something else, as long as what it said before. */
function replaceWords(bundle: string, words: string): void {
  const text = readFileSync(bundle, 'latin1')
  expect([words.length, text.includes('no queue here')]).toEqual(['no queue here'.length, true])
  writeFileSync(bundle, text.replaceAll('no queue here', words), 'latin1')
}

describe.skipIf(STANDALONE)('the compiled form of a package', () => {
  test('is left by the first start and used by the next', async () => {
    const installed = new Installed()
    const first = await installed.show()
    expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining('no queue here') })
    expect(installed.formsIn(installed.dist)).toEqual([`main.cjs.${ENDING}`])
    const { mtimeMs } = statSync(installed.form)
    expect(await installed.show()).toMatchObject({ code: first.code, stderr: first.stderr })
    expect(statSync(installed.form).mtimeMs).toBe(mtimeMs)

    await plant(installed.form)
    expect((await installed.show()).stderr).toContain('planted words')
    expect(existsSync(installed.cache)).toBe(false)
  })

  test('grows with each command that has not run yet', async () => {
    const installed = new Installed()
    await installed.show()
    const { size } = statSync(installed.form)
    const queue = makeQueue(['WRK-1'])
    const env = cleanEnv(installed.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' })
    await finished(start(process.execPath, [installed.wrk, 'claim', '1'], { cwd: queue.home, env }))
    expect(statSync(installed.form).size).toBeGreaterThan(size)
    expect(readFileSync(installed.form, 'latin1').split('\n')[0]).toMatch(/ show,claim *$/)
  })

  test('is not used once the program is another, even one of the same length in the same place', async () => {
    const installed = new Installed()
    const bundle = join(installed.dist, 'main.cjs')
    const day = new Date('2026-01-01T00:00:00Z')
    utimesSync(bundle, day, day)
    await installed.show()
    writeFileSync(
      bundle,
      readFileSync(bundle, 'latin1').replaceAll('no queue here', 'another build'),
      'latin1',
    )
    utimesSync(bundle, day, day)
    expect((await installed.show()).stderr).toContain('another build')
    // That start has left a form of the new one.
    expect((await installed.show()).stderr).toContain('another build')
    expect(installed.formsIn(installed.dist)).toEqual([`main.cjs.${ENDING}`])
  })

  test.each([
    ['is cut short', (form: Buffer) => form.subarray(0, form.length - 1000)],
    ['is empty', () => Buffer.alloc(0)],
    ['holds something else', () => Buffer.from('not a compiled program\n')],
  ])('that %s is not used, and made again', async (_, damage) => {
    const installed = new Installed()
    await installed.show()
    const whole = readFileSync(installed.form)
    writeFileSync(installed.form, damage(whole))
    expect((await installed.show()).stderr).toContain('no queue here')
    expect(readFileSync(installed.form).length).toBeGreaterThan(whole.length / 2)
  })

  test('is made once by many that start at the same instant', async () => {
    const installed = new Installed()
    const queue = makeQueue(['WRK-1'])
    const calls = Array.from({ length: 12 }, () => ({ args: 'show 1' }))
    const results = await together(calls, { queue, script: installed.wrk })
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(calls.map(() => [0, '']))
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1)
    expect(installed.formsIn(installed.dist)).toEqual([`main.cjs.${ENDING}`])
    await plant(installed.form)
    expect((await installed.show()).stderr).toContain('planted words')
  })

  test('is made although one that was killed had begun it', async () => {
    const installed = new Installed()
    const draft = `${installed.form}.new`
    writeFileSync(draft, 'half')
    await installed.show()
    expect(installed.formsIn(installed.dist)).toEqual([`main.cjs.${ENDING}.new`])
    const old = new Date(Date.now() - 3600_000)
    utimesSync(draft, old, old)
    await installed.show()
    expect(installed.formsIn(installed.dist)).toEqual([`main.cjs.${ENDING}`])
  })

  test('is not made where NODE_DISABLE_COMPILE_CACHE says so', async () => {
    const installed = new Installed()
    await installed.show({ NODE_DISABLE_COMPILE_CACHE: '1' })
    expect(installed.formsIn(installed.dist)).toEqual([])
  })
})

describe.skipIf(STANDALONE)('where the program’s folder cannot be written, the compiled form', () => {
  const formIn = (folder: string) => {
    const [name, ...others] = readdirSync(folder)
    expect(others).toEqual([])
    return join(folder, name!)
  }

  test('is in the user’s cache, for nobody else to change, and is used from there', async () => {
    const installed = new Installed()
    expect(installed.showAsStranger()).toContain('no queue here')
    expect(installed.formsIn(installed.dist)).toEqual([])
    const form = formIn(installed.cache)
    expect(statSync(installed.cache).mode & 0o777).toBe(0o700)
    expect(statSync(form).mode & 0o777).toBe(0o600)
    await plant(form)
    expect(installed.showAsStranger()).toContain('planted words')
  })

  test('is in XDG_CACHE_HOME where that is set, but not where it is not an absolute path', async () => {
    const installed = new Installed()
    const cache = join(installed.home, 'elsewhere')
    installed.showAsStranger({ XDG_CACHE_HOME: cache })
    expect(readdirSync(join(cache, 'wrk'))).toHaveLength(1)
    installed.showAsStranger({ XDG_CACHE_HOME: 'relative' })
    expect(readdirSync(installed.cache)).toHaveLength(1)
  })

  test('that others can write is not used', async () => {
    const installed = new Installed()
    installed.showAsStranger()
    const form = formIn(installed.cache)
    await plant(form)
    chmodSync(form, 0o666)
    expect(installed.showAsStranger()).toContain('no queue here')
  })

  test.skipIf(!IS_ROOT)('that another user made is not used', async () => {
    const installed = new Installed()
    installed.showAsStranger()
    const form = formIn(installed.cache)
    await plant(form)
    expect(installed.showAsStranger()).toContain('planted words')
    chmodSync(form, 0o644)
    chownSync(form, 0, 0)
    expect(installed.showAsStranger()).toContain('no queue here')
  })

  test('is not written through a link', async () => {
    const installed = new Installed()
    const outside = tempFolder()
    chmodSync(outside, 0o777)
    mkdirSync(join(installed.home, '.cache'))
    symlinkSync(outside, installed.cache)
    expect(installed.showAsStranger()).toContain('no queue here')
    expect(readdirSync(outside)).toEqual([])
  })

  test('is not kept at all where there is no place for it', async () => {
    const installed = new Installed()
    writeFileSync(join(installed.home, '.cache'), 'a file')
    expect(installed.showAsStranger()).toContain('no queue here')
    expect(readFileSync(join(installed.home, '.cache'), 'utf8')).toBe('a file')
  })
})
