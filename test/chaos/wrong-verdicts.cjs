/**
 * Put before the program by `node --require`: a share of its looks at other processes say that they are gone, and a
 * share of its looks at guards that they are old. The program itself is not changed.
 */
const fs = require('node:fs')

const share = Number(process.env.CHAOS_WRONG_VERDICTS ?? 0)
const wrong = () => Math.random() < share
const { readFileSync, lstatSync } = fs
const kill = process.kill.bind(process)
const gone = new Set()

fs.readFileSync = (path, ...rest) => {
  const pid = typeof path === 'string' && /^\/proc\/(\d+)\/stat$/.exec(path)?.[1]
  // Who it is itself is no verdict about others.
  if (!pid || Number(pid) === process.pid || !wrong()) return readFileSync(path, ...rest)
  gone.add(Number(pid))
  throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' })
}

process.kill = (pid, signal) => {
  if (signal === 0 && gone.delete(pid)) throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' })
  return kill(pid, signal)
}

fs.lstatSync = (path, ...rest) => {
  const stat = lstatSync(path, ...rest)
  if (stat && rest.length === 0 && typeof path === 'string' && path.includes('/.wrk/guards/') && wrong())
    stat.mtimeMs -= 60_000
  return stat
}

require('node:module').syncBuiltinESMExports()
