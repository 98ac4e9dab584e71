/** Types, lint, unused code and the package's form, all at once; of those that fail, what they say. */
import { spawn } from 'node:child_process'

const CHECKS = [
  'tsc --noEmit',
  'tsc --noEmit -p src/board/page',
  'biome check .',
  'knip',
  // Of what the build has made.
  'publint --strict',
]

const failed = (await Promise.all(CHECKS.map(run))).filter(({ code }) => code !== 0)
for (const { command, output } of failed) console.error(`\n> ${command}\n${output}`)
if (failed.length > 0) process.exitCode = 1

function run(command) {
  const [program, ...args] = command.split(' ')
  const child = spawn('npx', ['--no-install', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  return new Promise((settle, fail) => {
    child.on('error', fail)
    child.on('close', code => settle({ command, code, output }))
  })
}
