/** Opens the engine that wrk.yaml names. Loaded only where it names one, and each engine only when it is that. */
import type { CoordinationSettings } from '../core/coordination/settings.ts'
import { WrkError } from '../core/errors.ts'
import type { Engine } from './engine.ts'

export interface EnginePlace {
  /** The queue's name in the engine. */
  queue: string
  /** The folder in `.wrk` that is the engine's own. */
  stateDir: string
  /** The top folder of the working repository. */
  top: string
  env: Readonly<Record<string, string | undefined>>
}

/** @throws WrkError USAGE when the setting cannot be followed here */
export async function openEngine(settings: CoordinationSettings, place: EnginePlace): Promise<Engine> {
  if (settings.engine === 'git') {
    const { openGitEngine } = await import('./git/git-engine.ts')
    return openGitEngine({ ...place, remote: settings.remote, gitDir: `${place.stateDir}/git` })
  }
  const url = place.env[settings.remote]
  if (!url)
    throw new WrkError('USAGE', `the environment variable ${settings.remote} is not set`, {
      hint: `wrk.yaml reads the database's URL from it: export ${settings.remote}=postgres://…`,
    })
  const { openPostgresEngine } = await import('./postgres/postgres-engine.ts')
  return openPostgresEngine({ url, where: settings.remote, queue: place.queue })
}
