import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { search } from './expect.ts'
import * as mutations from './mutations.ts'
vi.mock('../../src/system/ancestors.ts', () => ({
  processContext: () => ({ ancestors: [], terminal: null }),
  agentOfCommand: () => null,
}))
const lines = readFileSync(process.env.SETTINGS!, 'utf8').split('\n').filter(Boolean)
for (const line of lines)
  test(line, async () => {
    const setting = JSON.parse(line)
    if (setting.mutation) setting.mutation = (mutations as any)[setting.mutation]
    const r = await search(line, setting)
    console.info([...r.endings].slice(0, 8).join('\n'))
    expect(r.violation && [r.violation.message, ...r.violation.trace].join('\n')).toBeNull()
  }, 3600_000)
