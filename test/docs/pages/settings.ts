/** The tables of docs/reference/settings.md, from the program's own descriptions. */
import { SETTING_VALUES, SETTINGS, type SettingKey } from '../../../src/core/config.ts'
import { ENVIRONMENT } from '../../../src/core/environment.ts'
import { linked, table } from './markdown.ts'

export function settingsTable(page: string): string {
  const rows = Object.entries(SETTINGS).map(([key, { standard, meaning }]) => [
    `\`${key}\``,
    SETTING_VALUES[key as SettingKey],
    standard === null ? '' : `\`${standard}\``,
    linked(meaning, page),
  ])
  return table(['key', 'value', 'default', 'meaning'], rows)
}

export function environmentTables(page: string): string {
  return ENVIRONMENT.map(({ title, variables }) => {
    const rows = Object.entries(variables).map(([name, meaning]) => [`\`${name}\``, linked(meaning, page)])
    return `### ${title}\n\n${table(['variable', 'meaning'], rows)}`
  }).join('\n\n')
}
