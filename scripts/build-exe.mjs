/**
 * Builds dist-exe/wrk-PLATFORM-ARCH: the command and the runtime that it needs in one file, for the machine that runs
 * this. It is the same bundle as for Node, with every command in it, compiled by bun; the runtimes of other platforms
 * would have to be fetched first, so each platform builds its own.
 *
 *   npm run build:exe
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { buildPage, root, settings, withoutUnused } from './bundling.mjs'

const bun = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'bun.cmd' : 'bun')
if (!existsSync(bun))
  fail(
    'bun is not installed here; it is large, so it comes when it is asked for: npm install --no-save bun@1.4.5',
  )
const exe = join(
  root,
  'dist-exe',
  `wrk-${process.platform}-${process.arch}${process.platform === 'win32' ? '.exe' : ''}`,
)

/**
 * Found by their default where wrk is called, `.env` would set its variables and `bunfig.toml` would run its code:
 * a repository could make every wrk in it another program.
 */
const NOTHING_FROM_THE_FOLDER = ['dotenv', 'bunfig', 'tsconfig', 'package-json'].map(
  name => `--no-compile-autoload-${name}`,
)

const bundling = settings({ standalone: true })
const temp = mkdtempSync(join(tmpdir(), 'wrk-build-exe-'))
try {
  const bundle = join(temp, 'wrk.cjs')
  await build({
    ...bundling,
    // What a package asks for as a source of chance would else be the place where this was built.
    define: { ...bundling.define, __filename: '"wrk"' },
    entryPoints: ['src/bin/standalone.ts'],
    outfile: bundle,
    format: 'cjs',
    minify: true,
    supported: { 'dynamic-import': false },
    plugins: [withoutUnused, await buildPage()],
  })
  mkdirSync(join(root, 'dist-exe'), { recursive: true })
  const compile = [
    'build',
    '--compile',
    // The compiled form inside it halves the start; that is made of CommonJS only.
    '--bytecode',
    '--format=cjs',
    '--minify',
    // Compiling to machine code pays late: a claim has ended before it does.
    '--compile-jit-policy=40',
    '--asset=templates',
  ]
  const { status, error, stdout, stderr } = spawnSync(
    bun,
    [...compile, ...NOTHING_FROM_THE_FOLDER, `--outfile=${exe}`, bundle],
    { cwd: root, encoding: 'utf8' },
  )
  if (status !== 0) fail(`bun failed: ${error?.message ?? `${stdout}${stderr}`}`)
} finally {
  rmSync(temp, { recursive: true, force: true })
}
const megabytes = Math.round(statSync(exe).size / 1e6)
process.stdout.write(`${relative(process.cwd(), exe)}, ${megabytes} MB\n`)

function fail(message) {
  process.stderr.write(`build-exe: ${message}\n`)
  process.exit(1)
}
