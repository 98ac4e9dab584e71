/** The `coordination:` setting of wrk.yaml: which engine decides over claims of all clones. */
import type { YamlMap, YamlNode } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { SETTING_VALUES } from '../config.ts'

export interface CoordinationSettings {
  engine: 'git' | 'postgres'
  /** git: a remote's name or a URL; postgres: the name of the environment variable that holds the URL. */
  remote: string
  /** What a claim does when the engine cannot be reached: `refuse` it, or claim in this clone alone (`local`). */
  offline: 'refuse' | 'local'
  /** The queue's name in the engine; null: its path within the repository. */
  queue: string | null
}

export type CoordinationReading =
  | { kind: 'off' }
  | { kind: 'on'; settings: CoordinationSettings }
  | { kind: 'wrong'; key: string; offset: number; expected: string }

const KEYS = ['engine', 'remote', 'offline', 'queue']

/**
 * Reads the setting. A malformed one is an error and never "off": claims would then be decided in each clone apart.
 * @param fields all of wrk.yaml
 */
export function readCoordination(fields: YamlMap): CoordinationReading {
  const pair = findPair(fields, 'coordination')
  if (!pair || isEmpty(pair.value)) return { kind: 'off' }
  const wrong = (key: string, offset: number, expected: string): CoordinationReading => ({
    kind: 'wrong',
    key,
    offset,
    expected,
  })
  if (pair.value.kind !== 'map') return wrong('coordination', pair.keyStart, SETTING_VALUES.coordination)
  const unknown = pair.value.pairs.find(({ key }) => !KEYS.includes(key))
  if (unknown) return wrong(`coordination.${unknown.key}`, unknown.keyStart, `one of ${KEYS.join(', ')}`)
  const map = pair.value
  const text = (key: string) => scalarText(findPair(map, key)?.value)
  const at = (key: string) => findPair(map, key)?.keyStart ?? pair.keyStart

  const engine = text('engine')
  if (engine !== 'git' && engine !== 'postgres')
    return wrong('coordination.engine', at('engine'), 'git or postgres')
  const remote = text('remote')
  if (engine === 'git' && (remote === undefined || !isRemote(remote)))
    return wrong('coordination.remote', at('remote'), "a remote's name or a URL, such as origin")
  if (engine === 'postgres' && (remote === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(remote)))
    return wrong(
      'coordination.remote',
      at('remote'),
      'the name of the environment variable that holds the URL, such as WRK_DATABASE_URL',
    )
  const offline = text('offline') ?? 'refuse'
  if (offline !== 'refuse' && offline !== 'local')
    return wrong('coordination.offline', at('offline'), 'refuse or local')
  const queue = text('queue') ?? null
  if (queue !== null && !/^[A-Za-z0-9._/-]{1,100}$/.test(queue))
    return wrong('coordination.queue', at('queue'), 'a name of letters, digits and ._/-')
  return { kind: 'on', settings: { engine, remote: remote as string, offline, queue } }
}

/** git takes a word that begins with `-` for an option, and `NAME::ADDRESS` for a program to start. */
function isRemote(remote: string): boolean {
  return remote !== '' && !remote.startsWith('-') && !remote.includes('::') && !/[\x00-\x20\x7f]/.test(remote)
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && scalarText(node) === undefined
}
