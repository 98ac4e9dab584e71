/**
 * Starts the program with V8's compiled form of it, which halves the time that wrk adds to Node's own start. A build
 * leaves that form beside each bundle for the Node that it was made with. A package does not hold it: the first start
 * of each command leaves a form with the functions that it needed (compiled.ts: where, and when it may be used).
 */
import { join } from 'node:path'
import { Script } from 'node:vm'
import { bundleFor, commandWord } from '../words.ts'
import { ALL_USUAL, findCompiled, readBundle } from './compiled.ts'
import { type Program, run } from './run.ts'

const words = process.argv.slice(2)

/** Bundles by their names: some take from another what that has. */
const loaded = new Map<string, unknown>()

/** Bundles that left the line to the whole program: what they have run is not what makes a form worth keeping. */
const declined: string[] = []

const first = bundleFor(words)
run(load(first) as Program, words, () => {
  declined.push(first)
  return load('./all.cjs') as Program
})

/** `require` for the bundles beside this file, by their compiled form where there is one. */
function load(name: string): unknown {
  if (!name.startsWith('./')) return require(name)
  if (loaded.has(name)) return loaded.get(name)
  const bundle = join(__dirname, name)
  const { source, state } = readBundle(bundle)
  const form = findCompiled(bundle, state)
  const script = new Script(source, form ? { filename: bundle, cachedData: form.data } : { filename: bundle })
  const refused = script.cachedDataRejected === true
  const known = form && !refused ? form.commands : []
  if (!known.includes(ALL_USUAL)) keepAtExit(script, { name, bundle, state, known, refused })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, load, module, bundle, __dirname)
  loaded.set(name, module.exports)
  return module.exports
}

/** Loaded where it is needed, which is at hardly any start. */
const KEEP = './keep-compiled.cjs'
/** More commands than there are: typing errors are no reason to write a form again and again. */
const MOST_COMMANDS = 60

/** Leaves the compiled form for the next start, where this command has not run with it yet. */
function keepAtExit(
  script: Script,
  {
    name,
    bundle,
    state,
    known,
    refused,
  }: { name: string; bundle: string; state: string; known: readonly string[]; refused: boolean },
): void {
  const command = (commandWord(words) ?? 'help').replace(/[^a-z-]/g, '')
  if (known.includes(command) || known.length >= MOST_COMMANDS || process.env.NODE_DISABLE_COMPILE_CACHE)
    return
  process.on('exit', () => {
    if (declined.includes(name)) return
    const { keepCompiled } = require(KEEP) as typeof import('./keep-compiled.ts')
    const commands = [...known, command]
    keepCompiled({ bundle, state, commands, data: () => script.createCachedData() }, refused)
  })
}
