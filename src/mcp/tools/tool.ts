/** What a tool of the server is, and what it answers. */
import type { JSONObject } from '@modelcontextprotocol/server'
import type { Context } from '../../operations/context.ts'

/** A JSON Schema, or the properties of one. */
export type Schema = JSONObject

export interface Tool {
  name: string
  title: string
  description: string
  /** The properties of its arguments. All tools take `dir` besides. */
  input: Schema
  required: readonly string[]
  /** The properties of its answer, besides those that every answer has. */
  output: Schema
  /** Whether a call changes something; then a session must be known. */
  changes: boolean | ((input: Input) => boolean)
  /** Whether a second call of the same kind changes nothing more. */
  isIdempotent: boolean
  /**
   * @param input checked against the schema
   * @param signal the client has cancelled the call, or is gone: nothing is to be waited for
   * @throws WrkError, which becomes an answer that is an error
   */
  act(context: Context, input: Input, signal: AbortSignal): Promise<Answer>
}

/** The arguments of all tools, as their schemas allow them. */
export interface Input {
  id?: string
  dir?: string
  claim?: boolean
  wait?: number
  status?: string[]
  ready?: boolean
  mine?: boolean
  text?: string
  limit?: number
  title?: string
  priority?: string
  blocked_by?: string[]
  changes?: string[]
  verb?: string
  reason?: string
}

/** What a call gives, as data and as the same in text. That another holds an item is an answer, not an error. */
export interface Answer {
  /** Whether what was asked for is so now. */
  ok: boolean
  /** What happened to which item, and why. */
  message: string
  /** What to do next. */
  next?: string
  warnings?: readonly string[]
  [more: string]: unknown
}

const TEXT = { type: 'string' }
const TEXT_OR_NULL = { type: ['string', 'null'] }

/** Of every answer. */
export const EVERY_ANSWER: Schema = {
  ok: { type: 'boolean' },
  message: TEXT,
  next: TEXT,
  code: TEXT,
  warnings: { type: 'array', items: TEXT },
}

export const ID: Schema = { id: { type: 'string', description: 'WRK-157 or 157' } }

/** Of answers about one item. */
export const ITEM: Schema = {
  item: {
    type: 'object',
    properties: {
      id: TEXT,
      title: TEXT,
      status: TEXT_OR_NULL,
      path: TEXT,
      priority: TEXT_OR_NULL,
      folder: TEXT,
      closed: { type: 'boolean' },
    },
    required: ['id', 'title', 'status', 'path'],
  },
}

/** Of answers that say who holds an item. */
export const HOLDER: Schema = {
  holder: {
    type: ['object', 'null'],
    properties: {
      session_id: TEXT,
      locked_at: TEXT_OR_NULL,
      expires_at: TEXT,
      liveness: { enum: ['alive', 'dead', 'unknown'] },
      reason: TEXT,
    },
    required: ['session_id', 'liveness', 'reason'],
  },
}

/** Of answers to a change that only a holder may make. */
export const LOCK: Schema = {
  lock: {
    type: ['object', 'null'],
    properties: { locked_by: TEXT, locked_at: TEXT_OR_NULL, expires_at: TEXT },
    required: ['locked_by'],
  },
}

/** Warnings, where there are any. */
export function withWarnings(warnings: readonly string[]): { warnings?: readonly string[] } {
  return warnings.length === 0 ? {} : { warnings }
}
