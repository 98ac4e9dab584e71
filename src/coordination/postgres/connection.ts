/**
 * One connection to the database, made when it is first needed, with a deadline on everything. The URL holds a
 * password: it stays out of every message.
 */
import type { Client, Notification, QueryResultRow } from 'pg'
import { codeOf, messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { unreachable } from '../engine.ts'

export interface Connection {
  /**
   * @returns the rows, and how many were changed
   * @throws WrkError UNREACHABLE when the connection cannot be made or breaks; the statement may have been carried out
   * @throws WrkError FAILED when the database refuses it
   */
  query<R extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: R[]; count: number }>
  /** The client itself, for what is more than a query. */
  client(): Promise<Client>
  close(): Promise<void>
}

export interface ConnectionOptions {
  url: string
  /** Its name for messages: that of the environment variable. */
  where: string
  deadlineMs: number
}

export function connectionTo({ url, where, deadlineMs }: ConnectionOptions): Connection {
  let opened: Promise<Client> | null = null
  let last: Promise<void> = Promise.resolve()

  const open = async (): Promise<Client> => {
    const { Client } = await loadDriver()
    const client = new Client({
      connectionString: url,
      application_name: 'wrk',
      connectionTimeoutMillis: deadlineMs,
      statement_timeout: deadlineMs,
      query_timeout: deadlineMs,
    })
    // A connection that breaks while nobody asks is noticed by the next query.
    client.on('error', () => {
      opened = null
    })
    try {
      await client.connect()
    } catch (error) {
      throw unreachable(where, whyNot(error, url), error)
    }
    return client
  }

  const client = (): Promise<Client> => {
    opened ??= open().catch(error => {
      opened = null
      throw error
    })
    return opened
  }

  return {
    client,
    async query<R extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      const connected = await client()
      // One after another: a connection carries one statement at a time.
      const answer = last.then(() => connected.query<R>(text, [...values]))
      last = answer.then(NOTHING, NOTHING)
      try {
        const { rows, rowCount } = await answer
        return { rows, count: rowCount ?? 0 }
      } catch (error) {
        const state = (error as { code?: unknown }).code
        if (typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) && !PASSING.test(state))
          throw refused(state, error, where, url)
        opened = null
        void connected.end().catch(() => undefined)
        throw unreachable(where, whyNot(error, url), error)
      }
    },
    async close() {
      const old = opened
      opened = null
      if (old) await (await old).end().catch(() => undefined)
    },
  }
}

const NOTHING = (): void => undefined

/** SQL states of a server that cannot answer now: connections, resources, shutdowns, failed transactions, read-only. */
const PASSING = /^(08|40|53|57|25006)/

function refused(state: string, error: unknown, where: string, url: string): WrkError {
  const isMissing = state === '42P01' || state === '3F000'
  return new WrkError(
    'FAILED',
    isMissing
      ? `the database at ${where} is not set up for claims`
      : `the database at ${where} refuses: ${whyNot(error, url)}`,
    {
      hint: isMissing
        ? 'Run: wrk coordination setup'
        : 'The account must be allowed to use the schema wrk. See docs/machines.md.',
      cause: error,
      details: { sqlstate: state },
    },
  )
}

/** pg is loaded only here: who does not use this engine need not install it. */
async function loadDriver(): Promise<Pick<typeof import('pg'), 'Client'>> {
  try {
    const driver = await import('pg')
    return driver.default ?? driver
  } catch (error) {
    throw new WrkError('FAILED', 'PostgreSQL needs the package pg, which is not installed', {
      hint: 'Install it beside wrk: npm install -g pg (if wrk is local: npm install pg)',
      cause: error,
    })
  }
}

/** The reason without the URL, its user or its password. */
/** What the network says, by the codes of the system. */
const NETWORK: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no network',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'the name of the host could not be looked up',
  ETIMEDOUT: 'timed out',
}

function whyNot(error: unknown, url: string): string {
  const errors = error instanceof AggregateError ? error.errors : [error]
  let text =
    errors.map(error => NETWORK[codeOf(error) ?? ''] ?? messageOf(error)).find(one => one !== '') ??
    'no reason given'
  const secrets = [url, ...(/\/\/[^@]*?:([^@]*)@/.exec(url)?.slice(1) ?? [])]
  for (const secret of secrets) if (secret) text = text.replaceAll(secret, '…')
  return text
}

export type { Notification }
