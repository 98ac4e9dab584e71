/** Reads the JSON that agents give their hooks: data from strangers, so every field may be anything. Pure. */

/** @returns undefined for anything that is not JSON */
export function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function fieldOf(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, key)
    ? (of as Record<string, unknown>)[key]
    : undefined
}

/** The first of these fields that is a text with something in it. */
export function wordOf(of: unknown, ...keys: string[]): string | null {
  for (const key of keys) {
    const value = fieldOf(of, key)
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}

/** What a tool is given; some agents give it as JSON within JSON. */
export function argumentsOf(of: unknown, key: string): unknown {
  const value = fieldOf(of, key)
  return typeof value === 'string' ? (parsePayload(value) ?? value) : value
}
