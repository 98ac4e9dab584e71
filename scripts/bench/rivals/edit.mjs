/** The edit that the rivals in Node make, and what makes a command of them. */
import { fileURLToPath } from 'node:url'

/**
 * The item's text with another holder: `name` for a claim, nobody for a release.
 * @returns null when another holds it
 */
export function withHolder(verb, text, name) {
  const end = text.indexOf('\n---', 3) + 1
  let head = text.slice(0, end)
  const holder = /^locked_by:[ \t]*"?([^"\r\n]*)/m.exec(head)?.[1] ?? ''
  if (holder !== '' && holder !== name) return null
  const at = `${new Date().toISOString().slice(0, 19)}Z`
  for (const [key, value] of verb === 'claim'
    ? [
        ['locked_by', name],
        ['locked_at', at],
      ]
    : [
        ['locked_by', ''],
        ['locked_at', ''],
      ]) {
    const line = new RegExp(`^${key}:.*$`, 'm')
    head = line.test(head) ? head.replace(line, `${key}: "${value}"`) : `${head}${key}: "${value}"\n`
  }
  return head + text.slice(end)
}

/** When the module is what was started: `RIVAL.mjs claim|release FILE NAME`, exit code 4 when another holds it. */
export async function asCommand(url, change) {
  if (process.argv[1] !== fileURLToPath(url)) return
  const [verb, file, name] = process.argv.slice(2)
  process.exitCode = (await change(verb, file, name)) ? 0 : 4
}
