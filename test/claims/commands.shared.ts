/** What the tests of commands have in common. */
import { expect } from 'vitest'
import type { Json, Result } from '../support/result.ts'

export const TEXT = expect.stringMatching(/./)
export const COMMANDS = [
  'init',
  'claim',
  'release',
  'heartbeat',
  'show',
  'list',
  'status',
  'session',
  'execute',
  'review',
  'archive',
  'set',
  'gates',
  'log',
  'where',
]

/** Checks that stdout is one JSON object on one line, as every command promises, and gives it. */
export function oneObject(result: Result): Json {
  expect(result.stdout).toMatch(/^\{.*\}\n$/)
  expect(result.json).toMatchObject({ schema_version: 1, ok: result.code === 0 })
  return result.json
}

export function expectError(result: Result, exitCode: number, code: string): Json {
  const json = oneObject(result)
  expect(json).toMatchObject({ ok: false, error: { code, message: TEXT } })
  expect(json.error).toHaveProperty('hint')
  expect(result.code).toBe(exitCode)
  return json
}
