/** Writes the `coordination` setting into wrk.yaml, and takes it out again; every other byte stays. */
import type { YamlMap } from '../../markdown/node.ts'
import { findPair } from '../../markdown/scalar.ts'
import type { CoordinationSettings } from './settings.ts'

/** The setting as written in wrk.yaml. */
export function coordinationText({ engine, remote, offline, queue }: CoordinationSettings): string {
  const word = (value: string) => (/^[A-Za-z_][A-Za-z0-9_./-]*$/.test(value) ? value : JSON.stringify(value))
  const lines = [
    'coordination:',
    `  engine: ${engine}`,
    `  remote: ${word(remote)}`,
    `  offline: ${offline}`,
    ...(queue === null ? [] : [`  queue: ${word(queue)}`]),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * @param text the file; '' for one that is to be made
 * @param settings null takes the setting out
 * @returns the new text; null when the setting cannot be separated from the rest
 */
export function editCoordination(
  text: string,
  fields: YamlMap | null,
  settings: CoordinationSettings | null,
): string | null {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const block = settings === null ? '' : coordinationText(settings).replaceAll('\n', eol)
  const pair = fields && findPair(fields, 'coordination')
  if (!pair) {
    if (block === '' || text.trim() === '') return text.trim() === '' && block !== '' ? text + block : text
    const gap = text.endsWith('\n') ? eol : eol + eol
    return `${text}${gap}${block}`
  }
  const start = text.lastIndexOf('\n', pair.keyStart - 1) + 1
  // A key within a flow map, or behind a mark, is not on a line of its own.
  if (start !== pair.keyStart) return null
  const from = pair.value.end > pair.keyStart ? pair.value.end : pair.keyStart
  const lineEnd = text.indexOf('\n', Math.max(from - 1, pair.keyStart))
  const end = lineEnd < 0 ? text.length : lineEnd + 1
  const tail = text.slice(end)
  // The blank line that was put in front of it goes with it.
  const head = block === '' ? text.slice(0, start).replace(/(\r?\n)\r?\n$/, '$1') : text.slice(0, start)
  return head + block + tail
}
