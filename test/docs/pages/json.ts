/** The parts of docs/reference/json.md: the codes of errors, and what commands answer, by running them. */
import { dirname } from 'node:path'
import { ERROR_MEANINGS, type ErrorCode } from '../../../src/core/errors.ts'
import { EXIT_OF } from '../../../src/print/exit-codes.ts'
import { tempFolder } from '../../support/processes.ts'
import { Queue } from '../../support/queue.ts'
import type { Json } from '../../support/result.ts'
import { linked, table } from './markdown.ts'

interface Answer {
  /** What is typed, without `wrk` and `--json`. */
  line: string
  /** The session that calls, and when. */
  caller: string
  exitCode: number
  json: Json
}

export function errorCodesTable(page: string): string {
  const codes = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => ({
    exit: EXIT_OF[code as ErrorCode],
    cells: [`\`${code}\``, linked(meaning, page)],
  }))
  codes.sort((a, b) => a.exit - b.exit)
  return table(
    ['exit code', '`error.code`', 'meaning'],
    codes.map(({ exit, cells }) => [String(exit), ...cells]),
  )
}

/** A line for a call: who calls, hours after the first, and the words; `quiet` ones only set the scene. */
type Call = readonly [session: string, hour: number, line: string, quiet?: 'quiet']

const CALLS: readonly Call[] = [
  ['alice', 0, 'new "Fix the login" --priority high'],
  ['alice', 0, 'new "Write to the users" --blocked-by 1', 'quiet'],
  ['alice', 0, 'next --claim'],
  ['alice', 0, 'start 1'],
  ['bob', 0, 'claim 1'],
  ['bob', 3, 'claim 1'],
  ['alice', 3, 'heartbeat'],
  ['bob', 3, 'show 1'],
  ['bob', 3, 'list'],
  ['bob', 3, 'status'],
  ['bob', 3, 'set 1 priority=critical'],
  ['bob', 3, 'done 1'],
  ['bob', 3, 'claim 2'],
  ['bob', 3, 'release 2'],
  ['bob', 3, 'search login'],
  ['bob', 3, 'log 1 -n 2'],
  ['bob', 3, 'doctor'],
  ['bob', 3, 'session id'],
  ['bob', 3, 'where'],
]

/** What commands answer, each from a real call on one queue. Paths, instants and random names are always the same. */
export async function answers(): Promise<Answer[]> {
  const home = tempFolder()
  const queue = new Queue(home)
  await queue.run(['init', queue.root])
  const found: Answer[] = []
  for (const [session, hour, line, quiet] of CALLS) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => (quoted ?? plain)!)
    const time = `${String(9 + hour).padStart(2, '0')}:00`
    const env = { WRK_NOW: `2026-03-02T${time}:00Z` }
    const { code, json } = await queue.run([...words, '--json'], { session, env })
    if (!quiet)
      found.push({
        line,
        caller: `${session}, at ${time}`,
        exitCode: code!,
        json: steady(json, dirname(queue.root)),
      })
  }
  return found
}

function steady(json: Json, home: string): Json {
  const text = JSON.stringify(json)
    .replaceAll(`${home}/queue`, '/home/me/project/.claude/work-queue')
    .replace(/"tx":"\w+"/g, '"tx":"k3x9f2m1qa7c"')
  return JSON.parse(text)
}

export function answersPart(all: readonly Answer[]): string {
  return all
    .map(({ line, caller, exitCode, json }) => {
      const heading = `### wrk ${line}

By ${caller}; exit code ${exitCode}.`
      return `${heading}

\`\`\`json
${pretty(json)}
\`\`\``
    })
    .join('\n\n')
}

/** JSON with small objects and lists on one line. */
function pretty(value: Json, indent = ''): string {
  const flat = JSON.stringify(value, null, 1)?.replace(/\n */g, ' ') ?? 'null'
  if (indent.length + flat.length <= 100 || typeof value !== 'object' || value === null) return flat
  const inner = `${indent}  `
  if (Array.isArray(value))
    return `[\n${value.map(one => inner + pretty(one, inner)).join(',\n')}\n${indent}]`
  const lines = Object.entries(value).map(
    ([key, one]) => `${inner}${JSON.stringify(key)}: ${pretty(one, inner)}`,
  )
  return `{\n${lines.join(',\n')}\n${indent}}`
}

/** The keys of all objects in it, but for those that are fields of an item. */
export function keysOf(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) =>
    key === 'fields' || key === 'before' ? [key] : [key, ...keysOf(one)],
  )
}
