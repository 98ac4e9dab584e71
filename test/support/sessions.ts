/** Sessions: anchors of processes, and session-state.yaml in the form of the contract. */
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { hostLabel } from '../../src/core/sessions/session.ts'
import { here, processFacts } from '../../src/system/processes/process.ts'
import { stampOf } from './clock.ts'

export interface AnchorData {
  pid: number
  started: string
  boot: string
  pidns: string
  host: string
  machine?: string
}

export const HOST = hostLabel(hostname())

/** The anchor of a running process; this one's by default, which is alive as long as the test runs. */
export function anchorOf(pid = process.pid): AnchorData {
  return { pid, started: processFacts(pid)!.started, ...here() }
}

/** The anchor of a process that has just ended. */
export function deadAnchor(): AnchorData {
  const { pid } = spawnSync('true')
  return { pid, started: '1', ...here() }
}

export interface SessionData {
  id: string
  anchor?: AnchorData | null
  /** Where it runs in several processes. */
  anchors?: readonly AnchorData[]
  agent?: string
  started_at?: Date
  heartbeat_at?: Date | null
  active_wrk?: string
  claims?: { id: string; claimed_at: string; run_id?: string }[]
  ended_at?: Date | null
}

const fieldsOfAnchor = ({ pid, started, boot, pidns, machine }: AnchorData) =>
  `pid: ${pid}, started: "${started}", boot: "${boot}", pidns: "${pidns}"${machine ? `, machine: "${machine}"` : ''}`

/** A session's own file, as wrk leaves it in `.wrk/sessions`. */
export function sessionFile(id: string, heartbeat = new Date(), anchors: readonly AnchorData[] = []): string {
  const at = stampOf(heartbeat)
  const times = { started_at: at, heartbeat_at: at, ended_at: null }
  return JSON.stringify({ v: 1, session_id: id, orchestrator_agent: null, anchors, ...times })
}

/** session-state.yaml with a registry, in the form of the contract. `top` goes before the list. */
export function registry(sessions: readonly SessionData[], top = ''): string {
  const at = (date: Date | null | undefined) => (date ? `"${stampOf(date)}"` : 'null')
  const entries = sessions.map(
    ({
      id,
      anchors = [],
      anchor: only = null,
      agent,
      started_at,
      heartbeat_at = started_at,
      active_wrk,
      claims = [],
      ended_at,
    }) => {
      const anchor = only ?? anchors[0] ?? null
      return `  - session_id: "${id}"
    orchestrator_agent: ${agent ? `"${agent}"` : 'null'}
    host: ${anchor ? `"${anchor.host}"` : 'null'}
    anchor: ${anchor ? `{ ${fieldsOfAnchor(anchor)} }` : 'null'}${anchors.length > 0 ? `\n    anchors: [${anchors.map(one => `{ ${fieldsOfAnchor(one)}, host: "${one.host}" }`).join(', ')}]` : ''}
    started_at: ${at(started_at)}
    heartbeat_at: ${at(heartbeat_at)}
    active_wrk: ${active_wrk ? `"${active_wrk}"` : 'null'}
    last_stage: null
    claims: [${claims.map(claim => `{ id: ${claim.id}, claimed_at: "${claim.claimed_at}", run_id: ${claim.run_id ?? 'null'} }`).join(', ')}]
    ended_at: ${at(ended_at)}
`
    },
  )
  const list = sessions.length === 0 ? 'sessions: []\n' : `sessions:\n${entries.join('')}`
  return `${top === '' ? 'session_id: ""\n' : top}${list}`
}
