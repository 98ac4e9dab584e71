/**
 * Sets single values on top of session-state.yaml: what scripts keep there of the work at hand. The keys on top
 * are everybody's, so any caller may set them; what a listed caller says of its own work goes into its entry too.
 */
import { WrkError } from '../../core/errors.ts'
import { listedSession } from '../../core/sessions/session.ts'
import { isNear } from '../../core/suggest.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import type { YamlMap } from '../../markdown/node.ts'
import { findPair } from '../../markdown/scalar.ts'
import { changeRegistry } from '../../store/sessions/change-registry.ts'
import { quoted, quotedOrNull, type Values } from '../../store/sessions/registry-text.ts'
import { type Context, prepareState } from '../context.ts'
import { resolveCaller } from './caller.ts'

/** What wrk itself keeps; a wrong value there would change who holds what. */
const KEPT_BY_WRK: readonly string[] = ['session_id', 'sessions', 'rebuilt_at', 'updated_at']
/** What is said of the caller's own work as well. */
const OWN_KEYS: readonly string[] = ['active_wrk', 'last_stage']

/** @throws WrkError USAGE for a key that wrk keeps itself, and for one that looks misspelt */
export function checkSessionKey(key: string): void {
  const known = [...KEPT_BY_WRK, ...Object.keys(NOBODY_YET)]
  const meant = known.includes(key) ? undefined : known.find(one => isNear(one, key.toLowerCase()))
  if (meant !== undefined)
    throw new WrkError('USAGE', `unknown key ${key}. Did you mean ${meant}?`, {
      hint: 'A key of your own may have any name that is not close to one of wrk’s.',
    })
  if (!KEPT_BY_WRK.includes(key)) return
  throw new WrkError('USAGE', `${key} is set by wrk only`, {
    hint: 'Use wrk session start or wrk session end.',
  })
}

export interface SessionSet {
  /** The session with a changed entry too; null if the caller is not listed. */
  session: string | null
}

/**
 * @param fields values by key, as they are typed
 * @throws WrkError USAGE (a key that holds a list or a map), BUSY, IO
 */
export async function sessionSet(context: Context, fields: ReadonlyMap<string, string>): Promise<SessionSet> {
  const { store, clock } = context
  const { caller } = await resolveCaller(context)
  prepareState(context)
  const now = stamp(clock())
  return changeRegistry(store.host, store.registry, clock(), (registry, written) => {
    for (const key of fields.keys()) refuseList(written, key, store.registry.path)
    const own = caller ? listedSession(registry, caller.session) : undefined
    const change = {
      top: {
        ...(registry.kind === 'missing' ? NOBODY_YET : {}),
        ...valuesOf(fields),
        updated_at: quoted(now),
      },
      add: [],
      set: own ? [{ id: own.id, values: ownValues(fields) }] : [],
      remove: [],
      rebuiltAt: null,
    }
    return { change, result: { session: own?.id ?? null } }
  })
}

/** A store in which no session is initialised: without a list, so that its silence about a holder proves nothing. */
const NOBODY_YET: Values = {
  session_id: '""',
  orchestrator_agent: '""',
  subagents_used: '[]',
  active_wrk: '""',
  last_stage: '""',
  handoff_allowed: 'false',
}

function refuseList(written: YamlMap | null, key: string, path: string): void {
  const kind = key === 'subagents_used' ? 'list' : written && findPair(written, key)?.value.kind
  if (!kind || kind === 'scalar') return
  throw new WrkError('USAGE', `${key} is a ${kind}; wrk sets only single values`, {
    hint: `Edit the file: ${printable(path)}`,
  })
}

function valuesOf(fields: ReadonlyMap<string, string>): Values {
  const written = (value: string) => (value === 'true' || value === 'false' ? value : quoted(value))
  return Object.fromEntries([...fields].map(([key, value]) => [key, written(value)]))
}

function ownValues(fields: ReadonlyMap<string, string>): Values {
  const own = [...fields].filter(([key]) => OWN_KEYS.includes(key))
  return Object.fromEntries(own.map(([key, value]) => [key, quotedOrNull(value || null)]))
}
