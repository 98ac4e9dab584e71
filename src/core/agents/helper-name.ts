/** The name of a sub-agent within its session, by the id that its agent gives it. Pure. */
import { isSessionId } from '../sessions/session.ts'

const LONGEST = 64

/** @returns null for an id that cannot be a helper's name */
export function helperNameOf(id: string | null): string | null {
  return id !== null && id.length <= LONGEST && !id.includes('/') && isSessionId(id) ? id : null
}
