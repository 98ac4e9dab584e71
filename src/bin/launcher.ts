/**
 * Starts the program with V8's compiled form of it, which halves the time that wrk adds to Node's own start.
 * A build leaves that form beside each bundle for the Node that it was made with; V8 refuses one of another
 * version, and then the source is compiled as usual. Where there is none, Node 22.1 and newer keep one
 * themselves (module.enableCompileCache).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { BOARD, commandWord, DAILY, FREQUENT, isAgentHook, isMergeDriver, plainWords } from '../words.ts'
import { type Program, run } from './run.ts'

const words = process.argv.slice(2)

run(load(bundleFor(words)) as Program, words)

function bundleFor(line: readonly string[]): string {
  if (isAgentHook(line)) return './hook.cjs'
  if (isMergeDriver(line)) return './merge-driver.cjs'
  const command = (!line.includes('help') && commandWord(line)) || ''
  if (FREQUENT.includes(command)) return './main.cjs'
  if (DAILY.includes(command)) return './daily.cjs'
  return BOARD.includes(plainWords(line)[0] ?? '') ? './board.cjs' : './all.cjs'
}

/** `require` for the bundles beside this file, by their compiled form where there is one. */
function load(name: string): unknown {
  if (!name.startsWith('./')) return require(name)
  const filename = join(__dirname, name)
  const cachedData = readCompiled(`${filename}.${process.version}-${process.arch}`)
  if (!cachedData) {
    letNodeKeepIt()
    return require(name)
  }
  // scripts/compile.cjs makes the compiled form of this same text.
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(filename, 'latin1')}\n})`
  const module = { exports: {} }
  new Script(source, { filename, cachedData }).runInThisContext()(
    module.exports,
    load,
    module,
    filename,
    __dirname,
  )
  return module.exports
}

function readCompiled(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    // Without it, whatever the reason, the source is compiled as usual.
    return null
  }
}

/** Older versions of Node have no such cache, and need not load node:module to say so. */
function letNodeKeepIt(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) return
  const { enableCompileCache } = require('node:module') as { enableCompileCache?: () => unknown }
  enableCompileCache?.()
}
