/** The texts that `wrk agents install` puts into a workspace. */

import { join } from 'node:path'
import block from '../../../templates/agents/block.md'
import hookFile from '../../../templates/agents/hook.sh'
import opencodePlugin from '../../../templates/agents/opencode-plugin.txt'
import { ownProgram, templatesFolder } from '../queue/installation.ts'
import type { AgentTexts } from './agent-files.ts'

export function agentTexts(): AgentTexts {
  const { node, script } = ownProgram()
  const pluginFolder = node === null ? null : join(templatesFolder(), 'claude-plugin')
  return { pluginFolder, block, hookFile, opencodePlugin, program: node === null ? [script] : [node, script] }
}
