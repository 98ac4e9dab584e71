/**
 * What turns the plugin on in the settings of a machine: where its marketplace is, and that it is wanted. Claude Code asks its
 * user before it installs one (https://code.claude.com/docs/en/settings, extraKnownMarketplaces and enabledPlugins, read
 * 2026-11-29). Pure.
 */
import type { SettingsMember } from './settings-members.ts'

const NAME = 'wrk'

export function pluginMembers(folder: string): SettingsMember[] {
  return [
    { in: 'extraKnownMarketplaces', name: NAME, value: { source: { source: 'directory', path: folder } } },
    { in: 'enabledPlugins', name: `${NAME}@${NAME}`, value: true },
  ]
}

/** The same without a place: what to take out. */
export const PLUGIN_MEMBERS: readonly Omit<SettingsMember, 'value'>[] = pluginMembers('').map(
  ({ value: _, ...member }) => member,
)
