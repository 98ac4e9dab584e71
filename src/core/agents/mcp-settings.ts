/**
 * The MCP server in the text of an agent's settings: put in and taken out without touching anything else, as
 * settings-hooks.ts does it for hooks. Pure.
 */
import type { JsonMember, JsonNode, JsonObject } from '../../markdown/jsonc.ts'
import { isMadeWhole, memberOf, removeContent, removeElement } from './jsonc-edit.ts'
import { newlineOf } from './marked-block.ts'
import type { McpPlace } from './mcp-place.ts'
import { type Edited, guarded, insertValue, rootOf, settingsJson, Unexpected } from './settings-text.ts'

const NAME = 'wrk'

type JsonPlace = Extract<McpPlace, { kind: 'json' }>
type TomlPlace = Extract<McpPlace, { kind: 'toml' }>

/** Adds the server, or renews an outdated one. One of that name that is another program's is an error. */
export function withMcpServer(text: string | null, place: McpPlace): Edited {
  return guarded(() => (place.kind === 'toml' ? withToml(text, place) : withJson(text, place)))
}

/** Takes the server out, if it is wrk's. */
export function withoutMcpServer(text: string, place: McpPlace): Edited {
  return guarded(() => (place.kind === 'toml' ? withoutToml(text) : withoutJson(text, place)))
}

/** Whether the server of wrk is in a text; it need not be settings. */
export function hasMcpServer(text: string, place: McpPlace): boolean {
  let found = false
  guarded(() => {
    found = place.kind === 'toml' ? tomlBlock(text) !== null : ownMember(text, place) !== undefined
    return text
  })
  return found
}

function withJson(text: string | null, { container, server }: JsonPlace): string {
  if (text === null || text.trim() === '')
    return `${settingsJson({ [container]: { [NAME]: server } }, '  ')}\n`
  const root = rootOf(text)
  const servers = memberOf(root, container)?.value
  if (!servers) return insertValue(text, root, container, { [NAME]: server })
  if (servers.kind !== 'object') throw new Unexpected(servers.start, `${container} must be an object`)
  const present = memberOf(servers, NAME)
  if (!present) return insertValue(text, servers, NAME, server)
  if (!isOwnServer(present.value))
    throw new Unexpected(present.start, `"${NAME}" is another program's server`)
  if (JSON.stringify(dataOf(present.value)) === JSON.stringify(server)) return text
  const { start, end } = present.value
  return text.slice(0, start) + settingsJson(server, '').replaceAll('\n', ' ') + text.slice(end)
}

/** @returns null when nothing is left of a file that was made for it */
function withoutJson(text: string, place: JsonPlace): string | null {
  if (!ownMember(text, place)) return text
  const root = rootOf(text)
  const servers = memberOf(root, place.container)!.value as JsonObject
  // What we write has several lines; a text without them was rewritten by another program since.
  const isMade = (node: JsonObject) =>
    !text.slice(servers.start, servers.end).includes('\n') || isMadeWhole(text, node)
  const at = servers.elements.findLastIndex(({ key }) => key === NAME)
  if (servers.elements.length > 1) return removeElement(text, servers, at)
  if (!isMade(servers)) return removeContent(text, servers)
  const outside = text.slice(0, root.start) + text.slice(root.end)
  if (root.elements.length === 1)
    return isMade(root) && outside.trim() === '' ? null : removeContent(text, root)
  return removeElement(
    text,
    root,
    root.elements.findIndex(({ value }) => value === servers),
  )
}

function ownMember(text: string, { container }: JsonPlace): JsonMember | undefined {
  const member = memberOf(memberOf(rootOf(text), container)?.value, NAME)
  return member && isOwnServer(member.value) ? member : undefined
}

/** Whoever wrote it: it starts wrk, whatever its path. */
function isOwnServer(server: JsonNode): boolean {
  const { command, args } = (dataOf(server) ?? {}) as { command?: unknown; args?: unknown }
  const words = [command, args].flat()
  return /(?:^|[\\/])wrk(?:-cli)?(?:\.[a-z]+)?$/.test(String(words[0])) && words[1] === 'mcp'
}

function dataOf(node: JsonNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'array') return node.elements.map(({ value }) => dataOf(value))
  return Object.fromEntries(node.elements.map(({ key, value }) => [key, dataOf(value)]))
}

// --- TOML: a block of its own at the end, between marks -----------------------------------------------------

const BEGIN = '# wrk: begin (wrk agents install --mcp)'
const END = '# wrk: end'

function tomlBlock(text: string): { start: number; end: number } | null {
  const start = text.indexOf(BEGIN)
  const end = start < 0 ? -1 : text.indexOf(END, start)
  return end < 0 ? null : { start, end: end + END.length }
}

function withToml(text: string | null, { args }: TomlPlace): string {
  const lines = [
    BEGIN,
    `[mcp_servers.${NAME}]`,
    'command = "wrk-cli"',
    `args = [${args.map(arg => JSON.stringify(arg)).join(', ')}]`,
    END,
  ]
  if (text === null) return `${lines.join('\n')}\n`
  const newline = newlineOf(text)
  const block = lines.join(newline)
  const found = tomlBlock(text)
  if (found) return text.slice(0, found.start) + block + text.slice(found.end)
  const other = /^[ \t]*(?:\[mcp_servers\.(?:wrk|"wrk"|'wrk')\]|mcp_servers(?:\.wrk)?[ \t]*=)/m.exec(text)
  if (other) throw new Unexpected(other.index, 'mcp_servers is written here in a way that wrk cannot add to')
  return text + newline + block + newline
}

function withoutToml(text: string): string | null {
  const found = tomlBlock(text)
  if (!found) return text
  const before = text.slice(0, found.start)
  const after = text.slice(found.end).replace(/^\r?\n/, '')
  if (before + after === '') return null
  return before.replace(/\r?\n$/, '') + after
}
