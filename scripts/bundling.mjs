/** What all bundles of src/ have in common: those that Node runs, and that of the standalone executable. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/**
 * What libraries load for features that wrk does not use: commander node:child_process, which is 1.7 ms of every start,
 * and gray-matter js-yaml, 42 KB, in whose place it is given the yaml package.
 */
export const withoutUnused = {
  name: 'without-unused',
  setup(b) {
    b.onResolve({ filter: /^js-yaml$/ }, args =>
      args.importer.includes('gray-matter') ? { path: args.path, namespace: 'not-called' } : null,
    )
    b.onLoad({ filter: /.*/, namespace: 'not-called' }, () => ({
      contents: "exports.safeLoad = exports.safeDump = () => { throw new Error('not part of wrk') }",
    }))
    b.onResolve({ filter: /^node:child_process$/ }, args =>
      args.importer.includes('commander') ? { path: args.path, namespace: 'unused' } : null,
    )
    b.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
  },
}

export function settings({ standalone }) {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    // Reaches PostgreSQL; whoever uses that installs it.
    external: ['pg'],
    define: { WRK_VERSION: JSON.stringify(version), WRK_STANDALONE: String(standalone) },
    loader: Object.fromEntries(
      ['.svg', '.html', '.css', '.md', '.txt', '.yaml', '.sh', '.bash', '.zsh', '.fish', '.ps1'].map(name => [
        name,
        'text',
      ]),
    ),
    // Its form for Node loads its parts by a require that cannot be bundled.
    alias: {
      'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
      '@modelcontextprotocol/server/_shims': './src/mcp/shims.ts',
    },
    logLevel: 'warning',
    // gray-matter carries an engine that evaluates JavaScript; wrk refuses to call it.
    logOverride: { 'direct-eval': 'silent' },
  }
}

/** What the board's page is made of, by the names under which src/board imports it. */
const PAGE = [
  { in: 'src/board/page/main.tsx', out: 'board' },
  { in: 'src/board/page/layout-worker.ts', out: 'layout' },
  { in: 'src/board/page/style.css', out: 'board' },
]

/** Builds the board's page; gives the plugin by which a bundle takes it in as text. */
export async function buildPage() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: PAGE,
    bundle: true,
    write: false,
    outdir: 'page',
    format: 'esm',
    target: ['chrome120', 'firefox121', 'safari17'],
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'inline',
    logLevel: 'warning',
  })
  return {
    name: 'page',
    setup(b) {
      b.onResolve({ filter: /^page:/ }, ({ path }) => ({
        path: path.slice('page:'.length),
        namespace: 'page',
      }))
      b.onLoad({ filter: /.*/, namespace: 'page' }, ({ path }) => ({
        // Compressed, as it is sent: a third of the size.
        contents: gzipSync(outputFiles.find(file => file.path.endsWith(`/${path}`)).contents, {
          level: 9,
        }).toString('base64'),
        loader: 'text',
      }))
    },
  }
}
