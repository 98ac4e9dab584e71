/** The state inside the page itself, where it is an export; null on a board that is served. */
import type { Exported } from '../../protocol.ts'

const element = document.getElementById('state')

export const exported: Exported | null = element ? (JSON.parse(element.textContent ?? '') as Exported) : null
