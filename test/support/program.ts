/**
 * The program under test, and the clean environment of every child: the machine that runs the tests may itself
 * be an agent.
 */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export const ROOT = resolve(import.meta.dirname, '../..')

/** WRK_TEST_EXE: the standalone executable is tested in place of the command that Node runs; 1, or where it is. */
const EXE = exeToTest(process.env.WRK_TEST_EXE)
function exeToTest(setting: string | undefined): string | null {
  if (!setting) return null
  return resolve(ROOT, setting === '1' ? `dist-exe/wrk-${process.platform}-${process.arch}` : setting)
}

export const STANDALONE = EXE !== null

/** The built command. */
export const WRK = EXE ?? join(ROOT, 'dist', 'wrk.cjs')

/** The built library, for import(). */
export const LIBRARY = pathToFileURL(join(ROOT, 'dist', 'index.js')).href

/** What starts it: a program, and its first arguments. */
export const PROGRAM = EXE ?? process.execPath
export const FIRST: readonly string[] = EXE ? [] : [WRK]

export type Env = Record<string, string>

/**
 * An environment without any trace of who runs the tests. `wrk` is in its PATH.
 * @param home a folder of the test's own: links to this checkout's program are put in its `bin`
 */
export function cleanEnv(home: string, more: Env = {}): Env {
  if (resolve(home) === resolve(tmpdir())) throw new Error(`${home} is everybody's: use a tempFolder()`)
  const bin = join(home, 'bin')
  if (!existsSync(bin)) {
    mkdirSync(bin, { recursive: true })
    // A compiled program is taken for this one by shell scripts only where it is called wrk-cli.
    for (const name of ['wrk', 'wrk-cli']) symlinkSync(WRK, join(bin, name))
  }
  const path = [bin, dirname(process.execPath), process.env.PATH ?? '/usr/bin:/bin'].join(delimiter)
  return { PATH: path, HOME: home, LANG: 'C.UTF-8', TERM: 'xterm', ...more }
}

/** The environment in which the built command loads a CommonJS module before itself. */
export const required = (path: string): Env =>
  STANDALONE ? { BUN_OPTIONS: `--preload ${path}` } : requiredByNode(path)
/** The same for a script that Node runs. */
export const requiredByNode = (path: string): Env => ({ NODE_OPTIONS: `--require ${path}` })
