/**
 * Builds dist/: the command as CommonJS bundles (frequent commands, daily ones, all commands, and parts that are loaded
 * when they are needed: the full YAML reader, the watcher, the page of an item, the engines), the library as ES
 * modules, and its types. CommonJS because Node starts it faster than ES modules.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { buildPage, root, settings, withoutUnused } from './bundling.mjs'
import { pruneTypes } from './prune-types.mjs'

const shared = settings({ standalone: false })
process.chdir(root)
rmSync('dist', { recursive: true, force: true })
const words = readFileSync('src/words.ts', 'utf8')

/** What few calls need, by the bundle's name. */
const APART = {
  full: 'src/markdown/read/full.ts',
  watcher: 'src/system/watcher.ts',
  'keep-compiled': 'src/bin/keep-compiled.ts',
  'session-labels': 'src/operations/sessions/session-labels.ts',
}

/** `import('…/full.ts')` stays a call at run time, to the bundle beside the main one. */
const partsApart = {
  name: 'parts-apart',
  setup(b) {
    b.onResolve(
      { filter: /\/(full|watcher|terminal-page|session-labels|shared-claims|shared-fence)\.ts$/ },
      ({ kind, path }) =>
        kind === 'dynamic-import' ? { path: `./${/([\w-]+)\.ts$/.exec(path)[1]}.cjs`, external: true } : null,
    )
  },
}

/** Leaves out the commands that src/bin/launcher.ts starts from the other bundles. */
function only(list) {
  const commands = new RegExp(`${list}[^=]*= \\[(.*)\\]`).exec(words)[1].match(/[a-z-]+/g)
  return {
    name: 'only',
    setup(b) {
      b.onResolve({ filter: /^\.\/commands\// }, ({ kind, path }) =>
        kind === 'dynamic-import' && !commands.includes(/([a-z-]+)\.ts$/.exec(path)[1])
          ? { path: 'another-bundle', namespace: 'unused' }
          : null,
      )
    },
  }
}

/** The servers, in bundles of their own: `import('…/board/serve.ts')` is a call to board.cjs. */
const serversApart = {
  name: 'servers-apart',
  setup(b) {
    b.onResolve({ filter: /\/(board|mcp)\/serve\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${path.split('/').at(-2)}.cjs`, external: true } : null,
    )
  },
}

/** What few of the frequent commands' lines need starts from the bundle with everything too: words.ts says which. */
const withoutMore = {
  name: 'without-more',
  setup(b) {
    b.onResolve({ filter: /\/(named-items|several|item-fields|wait-for-next|list-more)\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'another-bundle', namespace: 'unused' } : null,
    )
  },
}

/** What parts take from all.cjs: files below src. */
const taken = new Set()

/**
 * A bundle has only what is its own; all else of wrk comes from all.cjs, and is in the package once. For the servers,
 * which all.cjs starts, and for parts that are needed so seldom that loading it does not matter.
 * @param own the files below src, or the start of their names
 */
function fromTheWhole(...own) {
  return {
    name: 'from-the-whole',
    setup(b) {
      b.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ resolveDir, path, importer, kind }) => {
        const file = relative(join(root, 'src'), join(resolveDir, path)).replaceAll('\\', '/')
        if (importer === '' || kind === 'dynamic-import' || own.some(name => file.startsWith(name)))
          return null
        taken.add(file)
        return { path: file, namespace: 'whole' }
      })
      b.onLoad({ filter: /.*/, namespace: 'whole' }, ({ path }) => ({
        contents: `module.exports = require('./all.cjs').parts[${JSON.stringify(path)}]()`,
      }))
      b.onResolve({ filter: /^\.\/all\.cjs$/ }, () => ({ path: './all.cjs', external: true }))
    },
  }
}

/** The entry of the whole program: its main, and what the servers take from it. */
const whole = {
  name: 'whole',
  setup(b) {
    b.onResolve({ filter: /^whole$/ }, () => ({ path: 'whole', namespace: 'entry' }))
    b.onLoad({ filter: /.*/, namespace: 'entry' }, () => {
      const parts = [...taken].sort().map(file => `${JSON.stringify(file)}: () => require('./${file}')`)
      return {
        contents: `export { main } from './cli.ts'\nexport const parts = { ${parts.join(', ')} }`,
        resolveDir: join(root, 'src'),
      }
    })
  },
}

/** `wrk verify --range` runs in CI, not at every commit: the launcher starts it from the bundle with everything. */
const withoutRange = {
  name: 'without-range',
  setup(b) {
    b.onResolve({ filter: /\/verify-range\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'another-bundle', namespace: 'unused' } : null,
    )
  },
}

function program(name, plugins, entry = 'src/cli.ts') {
  return build({
    ...shared,
    entryPoints: { [name]: entry },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    minify: true,
    supported: { 'dynamic-import': false },
    plugins: [...plugins, partsApart, withoutUnused],
  })
}

/** Reads plain command lines by itself, without commander. */
const QUICK = 'src/quick.ts'

await Promise.all([
  program('board', [fromTheWhole('board/'), await buildPage()], 'src/board/serve.ts'),
  program('mcp', [fromTheWhole('mcp/')], 'src/mcp/serve.ts'),
  program('terminal-page', [fromTheWhole('print/items/markdown.ts')], 'src/print/items/terminal-page.ts'),
  program('merge-driver', [fromTheWhole('bin/')], 'src/bin/merge-driver.ts'),
  // What keeps commits from leaving against others' claims.
  program(
    'shared-fence',
    [fromTheWhole('operations/coordination/fence/')],
    'src/operations/coordination/shared-fence.ts',
  ),
])
await Promise.all([
  program('main', [only('FREQUENT'), withoutMore], QUICK),
  program('daily', [only('DAILY'), withoutMore], QUICK),
  program('commit', [only('COMMIT'), withoutRange], QUICK),
  program('all', [whole, serversApart], 'whole'),
  // Claims across clones: only where wrk.yaml asks for them.
  program('shared-claims', [], 'src/operations/coordination/shared-claims.ts'),
  program('hook', [], 'src/bin/hook.ts'),
  build({
    ...shared,
    entryPoints: { wrk: 'src/bin/launcher.ts' },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    minify: true,
    external: ['./main.cjs', './daily.cjs', './commit.cjs', './all.cjs', './hook.cjs', './merge-driver.cjs'],
    banner: { js: '#!/usr/bin/env node' },
  }),
  build({
    ...shared,
    entryPoints: APART,
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    minify: true,
    supported: { 'dynamic-import': false },
    plugins: [partsApart, withoutUnused],
  }),
  build({
    ...shared,
    entryPoints: { index: 'src/index.ts' },
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    packages: 'external',
    minify: true,
    // Functions and classes keep their names, for whoever reads a stack.
    keepNames: true,
  }),
])
chmodSync('dist/wrk.cjs', 0o755)
run('scripts/compile.cjs')
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
pruneTypes('dist/types')

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
