/** Where processes run: a pid says something on its own machine, since its last start, in its own namespace only. */

export interface Place {
  host: string
  /** Boot id, '' where the system has none. */
  boot: string
  /** Pid namespace, '' where the system has none. */
  pidns: string
}

/** `namespace`: in another pid namespace. `before`: on this host, before it was last started. */
export type Whereabout = 'here' | 'namespace' | 'before' | 'elsewhere'

/** A boot id tells machines apart; names change (DHCP, VPN) and are asked only where a system has no boot id. */
export function whereIs(there: Place, here: Place): Whereabout {
  const sameBoot = there.boot !== '' && there.boot === here.boot
  const otherBoot = there.boot !== '' && here.boot !== '' && there.boot !== here.boot
  const otherNamespace = there.pidns !== '' && here.pidns !== '' && there.pidns !== here.pidns
  const isThisHost =
    there.host === here.host || (sameBoot && there.pidns !== '' && there.pidns === here.pidns)
  if (!isThisHost) return sameBoot && otherNamespace ? 'namespace' : 'elsewhere'
  if (otherBoot) return 'before'
  return otherNamespace ? 'namespace' : 'here'
}
