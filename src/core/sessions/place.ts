/** Where processes run: a pid says something on its own machine, since its last start, in its own namespace only. */

import { shortHash } from '../hash.ts'

export interface Place {
  host: string
  /** Boot id, '' where the system has none. */
  boot: string
  /** Pid namespace, '' where the system has none. */
  pidns: string
  /** What stays through restarts, and differs between machines of one name; left out where the system has none. */
  machine?: string
}

/**
 * `namespace`: in another pid namespace. `before`: on this machine, before it was last started. `unclear`: that, or on
 * another machine of the same name.
 */
export type Whereabout = 'here' | 'namespace' | 'before' | 'unclear' | 'elsewhere'

/**
 * A boot id distinguishes machines; names change (DHCP, VPN), and two machines may have one name, such as `localhost`. So
 * another boot is an earlier one of this machine only if its machine id says so as well: and not that alone, since a
 * copied disk image has the same.
 */
export function whereIs(there: Place, here: Place): Whereabout {
  const sameName = there.host === here.host
  const sameBoot = there.boot !== '' && there.boot === here.boot
  const otherNamespace = there.pidns !== '' && here.pidns !== '' && there.pidns !== here.pidns
  if (sameBoot) {
    if (otherNamespace) return 'namespace'
    return sameName || (there.pidns !== '' && there.pidns === here.pidns) ? 'here' : 'elsewhere'
  }
  const known = Boolean(there.machine && here.machine)
  const otherMachine = known && there.machine !== here.machine
  const otherBoot = there.boot !== '' && here.boot !== ''
  if (otherBoot && known && !otherMachine) return sameName ? 'before' : 'unclear'
  if (otherMachine || !sameName) return 'elsewhere'
  if (otherBoot) return 'unclear'
  return otherNamespace ? 'namespace' : 'here'
}

/** A short mark of the machine for names of files: with its id where that is known. */
export function machineMark({ host, machine }: Pick<Place, 'host' | 'machine'>): string {
  return shortHash(machine ? `${host} ${machine}` : host)
}
