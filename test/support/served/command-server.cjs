/**
 * Answers one command line after another in one process: the built command's bundles, loaded once. What it leaves out
 * is Node's own start, three quarters of a short command. Which calls it answers: served-command.ts.
 */
const fs = require('node:fs')
const { join } = require('node:path')

const [, , dist] = process.argv
const output = { 1: [], 2: [] }

// The command writes its answer with writeSync alone; each call takes it as `node:fs` has it at that moment.
const { writeSync } = fs
fs.writeSync = (fd, data, offset = 0, ...more) => {
  if (fd !== 1 && fd !== 2) return writeSync(fd, data, offset, ...more)
  const bytes = Buffer.from(data.subarray(offset))
  output[fd].push(bytes)
  return bytes.length
}

process.on('message', async ({ words, bundle, cwd, env }) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
  process.chdir(cwd)
  process.argv = [process.execPath, join(dist, 'wrk.cjs'), ...words]
  const code = (await load(bundle).main(words)) ?? (await load('./all.cjs').main(words))
  const [stdout, stderr] = [1, 2].map(fd => Buffer.concat(output[fd].splice(0)).toString('utf8'))
  process.send({ code, stdout, stderr })
})

const load = bundle => require(join(dist, bundle))
