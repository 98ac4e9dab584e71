/** The tools of the server. Few, and with few words: every session pays for them. */
import { claimTool } from './claim.ts'
import { listTool } from './list.ts'
import { newTool } from './new.ts'
import { nextTool } from './next.ts'
import { releaseTool } from './release.ts'
import { setTool } from './set.ts'
import { showTool } from './show.ts'
import { EVERY_ANSWER, type Schema, type Tool } from './tool.ts'
import { transitionTool } from './transition.ts'

export const TOOLS: readonly Tool[] = [
  nextTool,
  claimTool,
  releaseTool,
  listTool,
  showTool,
  newTool,
  setTool,
  transitionTool,
]

const DIR: Schema = { dir: { type: 'string', description: 'Workspace, unless the current' } }

/** Of a tool's arguments. */
export function inputSchema({ input, required }: Tool) {
  return {
    type: 'object' as const,
    properties: { ...input, ...DIR },
    ...(required.length > 0 && { required: [...required] }),
    additionalProperties: false,
  }
}

/** Of a tool's answer. Only what every answer has is required: a refusal says less than what was done. */
function outputSchema({ output }: Tool) {
  return { type: 'object' as const, properties: { ...EVERY_ANSWER, ...output }, required: ['ok', 'message'] }
}

/** The tools as the protocol lists them. */
export function listTools() {
  return TOOLS.map(tool => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema(tool),
    outputSchema: outputSchema(tool),
    annotations: {
      readOnlyHint: tool.changes === false,
      // Nothing that a tool does is lost: fields that it sets are in the log and in git, and items are never removed.
      destructiveHint: false,
      idempotentHint: tool.isIdempotent,
      openWorldHint: false,
    },
  }))
}
