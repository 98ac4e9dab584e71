/** What a command ended with. */

// biome-ignore lint/suspicious/noExplicitAny: the shape of every command's JSON; the tests check it by use.
export type Json = any

export interface Result {
  code: number | null
  stdout: string
  stderr: string
  /** stdout as JSON; throws when it is not exactly one JSON value. */
  readonly json: Json
}

export function resultOf(code: number | null, stdout: string, stderr: string): Result {
  return {
    code,
    stdout,
    stderr,
    get json() {
      try {
        return JSON.parse(stdout)
      } catch (cause) {
        throw new Error(`no JSON (exit ${code})\nstdout: ${stdout}\nstderr: ${stderr}`, { cause })
      }
    },
  }
}
