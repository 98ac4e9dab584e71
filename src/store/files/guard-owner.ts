/** The names of guards and drafts, which say which process they are of, and whether that process is gone. */
import type { Place } from '../../core/sessions/place.ts'
import { machineMark } from '../../core/sessions/place.ts'
import type { GuardHost } from './guard.ts'

let nonces = 0

/** A name for a guard or a draft that no other call has. It says which process it is of, by which drafts are swept. */
export function ownName({ self, randomLetters }: Pick<GuardHost, 'self' | 'randomLetters'>): string {
  const { place } = self
  const nonce = `${randomLetters(8)}${(nonces++).toString(36)}`
  return [self.pid, self.started.replace(/[^0-9A-Za-z]/g, ''), ...placeParts(place), nonce].join('.')
}

function placeParts(place: Place): [string, string, string] {
  const { boot, pidns } = place
  return [boot.replace(/-/g, '').slice(0, 8) || '0', pidns || '0', machineMark(place)]
}

/** Whether the process in a guard's name is provably gone. Another host or namespace: never. */
export function isOwnerDead(host: Pick<GuardHost, 'self' | 'look'>, name: string): boolean {
  const [pid, started, boot, pidns, hostHash, nonce] = name.split('.')
  // Not a name of this form: whatever made it, only its age can free it.
  if (nonce === undefined || !/^\d+$/.test(pid!)) return false
  const [boot8, ourPidns, ourHost] = placeParts(host.self.place)
  // The same boot and namespace are this host, whatever its name is now (DHCP, VPN). Another boot is an earlier one of
  // this host only where its machine id says so: two machines may have one name.
  const isThisHost = hostHash === ourHost || (boot === boot8 && boot8 !== '0' && pidns === ourPidns)
  if (!isThisHost) return false
  if (boot !== boot8) return host.self.place.machine !== undefined && boot !== '0' && boot8 !== '0'
  if (pidns !== ourPidns) return false
  const look = host.look(Number(pid))
  if (look.kind === 'gone' || look.kind === 'zombie') return true
  return look.kind === 'running' && look.started.replace(/[^0-9A-Za-z]/g, '') !== started
}
