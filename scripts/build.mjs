/**
 * Builds dist/: the command as CommonJS bundles (frequent commands, daily ones, all commands, and parts that are loaded
 * when they are needed: the full YAML reader, the watcher, the page of an item, the engines), the library as ES
 * modules, and its types. CommonJS because Node starts it faster than ES modules.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { buildPage, root, settings, withoutChildProcess } from './bundling.mjs'
import { pruneTypes } from './prune-types.mjs'

const shared = settings({ standalone: false })
process.chdir(root)
rmSync('dist', { recursive: true, force: true })
const words = readFileSync('src/words.ts', 'utf8')

/** What few calls need, by the bundle's name. */
const APART = {
  full: 'src/markdown/read/full.ts',
  watcher: 'src/system/watcher.ts',
  'terminal-page': 'src/print/items/terminal-page.ts',
  'keep-compiled': 'src/bin/keep-compiled.ts',
}

/** `import('…/full.ts')` stays a call at run time, to the bundle beside the main one. */
const partsApart = {
  name: 'parts-apart',
  setup(b) {
    b.onResolve(
      { filter: /\/(full|watcher|terminal-page|shared-claims|shared-fence)\.ts$/ },
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

const withoutBoard = {
  name: 'without-board',
  setup(b) {
    b.onResolve({ filter: /\/board\/serve\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'another-bundle', namespace: 'unused' } : null,
    )
  },
}

/** `wrk release` of several items, or of the one that is held, starts from the bundle with everything too. */
const withoutSeveral = {
  name: 'without-several',
  setup(b) {
    b.onResolve({ filter: /\/(named-items|several)\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'another-bundle', namespace: 'unused' } : null,
    )
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
    plugins: [...plugins, partsApart, withoutChildProcess],
  })
}

/** Reads plain command lines by itself, without commander. */
const QUICK = 'src/quick.ts'

const page = await buildPage()

await Promise.all([
  program('main', [only('FREQUENT'), withoutSeveral], QUICK),
  program('daily', [only('DAILY')], QUICK),
  program('commit', [only('COMMIT'), withoutRange], QUICK),
  // It knows the board's options, for the help; the launcher starts the board itself from its own bundle.
  program('all', [withoutBoard]),
  program('board', [only('BOARD'), page]),
  // Claims across clones: only where wrk.yaml asks for them.
  program('shared-claims', [], 'src/operations/coordination/shared-claims.ts'),
  program('shared-fence', [], 'src/operations/coordination/shared-fence.ts'),
  program('hook', [], 'src/bin/hook.ts'),
  program('merge-driver', [], 'src/bin/merge-driver.ts'),
  build({
    ...shared,
    entryPoints: { wrk: 'src/bin/launcher.ts' },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    minify: true,
    external: [
      './main.cjs',
      './daily.cjs',
      './commit.cjs',
      './all.cjs',
      './board.cjs',
      './hook.cjs',
      './merge-driver.cjs',
    ],
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
    plugins: [partsApart, withoutChildProcess],
  }),
  build({
    ...shared,
    entryPoints: { index: 'src/index.ts' },
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    packages: 'external',
    // Names stay as they are, for whoever reads a stack.
    minifySyntax: true,
    minifyWhitespace: true,
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
