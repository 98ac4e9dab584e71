/** The engines that the same tests run on, and whether this machine has what each needs. */
import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Engine } from '../../../src/coordination/engine.ts'
import { openGitEngine } from '../../../src/coordination/git/git-engine.ts'
import { openPostgresEngine } from '../../../src/coordination/postgres/postgres-engine.ts'
import { RECORD_VERSION, type SharedRecord } from '../../../src/core/coordination/record.ts'
import { tempFolder } from '../processes.ts'
import { cleanEnv, type Env } from '../program.ts'
import {
  bareRepository,
  git,
  HAS_SSH,
  httpServer,
  POSTGRES_BIN,
  postgresServer,
  sshServer,
} from './servers.ts'

/** A place that engines of several clones lead to. */
export interface Meeting {
  /** Another clone, or the same again by its name. */
  open(clone: string, queue?: string): Promise<Engine>
  /** The bare repository, of git. */
  bare: string | null
}

export interface EngineKind {
  name: string
  isHere: boolean
  isSlow?: boolean
  meet(): Promise<Meeting>
}

export const ENGINES: readonly EngineKind[] = [
  {
    name: 'git over file://',
    isHere: true,
    meet: async () => meetOver(bareRepository(), bare => `file://${bare}`),
  },
  {
    name: 'git over http',
    isHere: true,
    isSlow: true,
    meet: async () => {
      const bare = bareRepository()
      const url = await httpServer(dirname(bare))
      return meetOver(bare, () => `${url}/${basename(bare)}`)
    },
  },
  {
    name: 'git over ssh',
    isHere: HAS_SSH,
    isSlow: true,
    meet: async () => {
      const { prefix, env } = await sshServer()
      return meetOver(bareRepository(), bare => prefix + bare, env)
    },
  },
  {
    name: 'PostgreSQL',
    isHere: POSTGRES_BIN !== null,
    meet: async () => {
      const { url } = await postgresServer()
      return {
        bare: null,
        open: async (_, queue = 'work-queue') =>
          openPostgresEngine({ url, where: 'WRK_TEST_DATABASE', queue }),
      }
    },
  },
]

/** Longer than a user waits: eight clones that push at once on a busy machine are to be answered all the same. */
const DEADLINE_MS = 300_000

export function meetOver(bare: string, urlOf: (bare: string) => string, more: Env = {}): Meeting {
  const home = tempFolder()
  const url = urlOf(bare)
  return {
    bare,
    async open(clone, queue = 'work-queue') {
      const top = join(home, clone)
      mkdirSync(top, { recursive: true })
      git(top, 'init', '--quiet', '.')
      git(top, 'config', 'remote.origin.url', url)
      const env = { ...cleanEnv(home), ...more }
      const gitDir = join(top, '.wrk/git')
      return openGitEngine({ remote: 'origin', queue, gitDir, top, env, deadlineMs: DEADLINE_MS })
    },
  }
}

let nonces = 0

/** A record as a claim writes it. */
export function record(more: Partial<SharedRecord> = {}): SharedRecord {
  return {
    v: RECORD_VERSION,
    id: 'WRK-1',
    state: 'held',
    epoch: 1,
    nonce: `n${process.pid}-${nonces++}`,
    session: 'a',
    agent: null,
    host: 'devbox',
    clone: 'c1',
    boot: '9f3c',
    run: null,
    claimed_at: '2026-02-16T19:30:05Z',
    renewed_at: '2026-02-16T19:30:05Z',
    ttl_s: 7200,
    branch: 'main',
    commit: null,
    anchors: [],
    ...more,
  }
}
