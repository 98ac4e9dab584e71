/**
 * Starts the program with V8's compiled form of it, which halves the time that wrk adds to Node's own start.
 * Node 22.1 and newer keep that form themselves (module.enableCompileCache); for older ones the build leaves
 * it beside each bundle. V8 refuses a form of another version, and then the source is compiled as usual.
 * The only place that exits.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'

type Program = typeof import('./cli.ts')

const program = (keepsItself() ? require('./main.cjs') : load('./main.cjs')) as Program

program.main(process.argv.slice(2)).then(code => process.exit(code))

/** Turns on the compile cache of a newer Node. Older ones have none, and need not load node:module to say so. */
function keepsItself(): boolean {
  if (Number.parseInt(process.versions.node, 10) < 22) return false
  const { enableCompileCache } = require('node:module') as { enableCompileCache?: () => unknown }
  enableCompileCache?.()
  return enableCompileCache !== undefined
}

/** `require` for the bundles beside this file, by their compiled form where there is one. */
function load(name: string): unknown {
  if (!name.startsWith('./')) return require(name)
  const filename = join(__dirname, name)
  const cachedData = readCompiled(`${filename}.${process.version}-${process.arch}`)
  if (!cachedData) return require(name)
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
