/** One call of a tool: its arguments are checked, its queue and its session found, its answer put into both forms. */
import type { CallToolResult, JsonSchemaType } from '@modelcontextprotocol/server'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
import { CONTROL, printable } from '../core/text.ts'
import { type Context, openContext } from '../operations/context.ts'
import { outcomeOfError } from '../print/outcome.ts'
import { mcpCaller, noMcpSession, registerMcpCaller } from './caller.ts'
import type { Answer, Input, Tool } from './tools/tool.ts'
import { inputSchema, TOOLS } from './tools/tools.ts'

/** What `wrk mcp` was started with. */
export interface McpOptions {
  queue?: string | undefined
  session?: string | undefined
  agent?: string | undefined
}

export function toolNamed(name: string): Tool | undefined {
  return TOOLS.find(tool => tool.name === name)
}

/** Opened anew for each call: settings change, and nothing is done at the start. @throws WrkError */
export function contextFor({ queue, session, agent }: McpOptions, dir?: string): Promise<Context> {
  if (dir === undefined) return openContext({ queue, session, agent })
  const { WRK_QUEUE: _, WORK_ITEM_ROOT: __, ...env } = process.env
  return openContext({ cwd: dir, env, session, agent })
}

/**
 * Never throws: a model reads why it failed, and can do better.
 * @param signal ends waiting
 */
export async function callTool(
  tool: Tool,
  given: unknown,
  meta: Readonly<Record<string, unknown>>,
  options: McpOptions,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const checked = checkInput(tool, given)
  if (typeof checked === 'string') return failed(`${tool.name}: ${checked}`, 'USAGE')
  try {
    const context = await contextFor(options, checked.dir)
    const caller = await mcpCaller(context, meta)
    if (typeof tool.changes === 'function' ? tool.changes(checked) : tool.changes) {
      if (!caller) throw noMcpSession()
      await registerMcpCaller(caller)
    }
    const answer = await tool.act(caller?.context ?? context, checked, signal)
    return resultOf(answer, answer.code !== undefined)
  } catch (error) {
    const { json, refusal } = outcomeOfError(error, false)
    const { code } = json.error as { code: string }
    return failed(refusal!.message, code, refusal!.hint)
  }
}

const validators = new Map<Tool, (given: unknown) => { valid: boolean; errorMessage?: string | undefined }>()

/** @returns what is wrong, in words */
function checkInput(tool: Tool, given: unknown): Input | string {
  const validator =
    validators.get(tool) ??
    new CfWorkerJsonSchemaValidator().getValidator(inputSchema(tool) as JsonSchemaType)
  validators.set(tool, validator)
  const { valid, errorMessage } = validator(given ?? {})
  return valid ? ((given ?? {}) as Input) : inWords(errorMessage ?? '')
}

/** What the validator says, such as `#: Property "wait" does not match schema.; #/wait: 99 is greater than 50.` */
function inWords(found: string): string {
  const missing = /does not have required property "(\w+)"/.exec(found)
  if (missing) return `${missing[1]} is missing`
  const unknown = /#\/([^:]*): False boolean schema/.exec(found)
  if (unknown) return `there is no argument "${printable(unknown[1]!, 40)}"`
  const [, where, what] = /#\/([\w/]+): ((?:(?!; #).)*)$/s.exec(found) ?? [undefined, '', found]
  return printable(`${where}: ${what!.replace(/^Instance/, 'it').replace(/\.$/, '')}`)
}

function failed(message: string, code: string, next?: string): CallToolResult {
  return resultOf({ ok: false, code, message, ...(next !== undefined && { next }) }, true)
}

/** The same as data and as text, for clients that read only one of them. */
function resultOf(answer: Answer, isError: boolean): CallToolResult {
  const structuredContent = clean({ ...answer, message: sentence(answer.message) }) as Record<string, unknown>
  return {
    content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    structuredContent,
    ...(isError && { isError: true }),
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Text from files may hold what a client's terminal would obey. Lines and tabs stay. */
function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(CONTROL, c => (c === '\n' || c === '\t' ? c : '\ufffd'))
  if (Array.isArray(value)) return value.map(clean)
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), clean(one)]))
  return value
}
