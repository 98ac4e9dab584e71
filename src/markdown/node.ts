/**
 * What wrk knows of a YAML text: values with the place where each is, so that one value can be
 * replaced and every other character stays. Both readers (plain.ts, full.ts) give this shape.
 *
 * Offsets are UTF-16 indices into the text that was read.
 */

export interface YamlScalar {
  kind: 'scalar'
  /** `plain` is resolved to null, boolean or number where YAML's core schema says so; the rest are strings. */
  style: 'plain' | 'single' | 'double' | 'block'
  /** The decoded text: for `plain` the characters as written, trimmed; '' for an empty value. */
  text: string
  /**
   * Where the value as written begins and ends (quotes included); equal when the value is empty. The line end and the
   * blank lines behind a block scalar stay out, also where they are part of its text.
   */
  start: number
  end: number
}

export interface YamlList {
  kind: 'list'
  items: YamlNode[]
  start: number
  end: number
}

export interface YamlMap {
  kind: 'map'
  pairs: YamlPair[]
  flow: boolean
  start: number
  end: number
  /** Of the root: all aliases in the text to lists and maps, in keys too. */
  aliases?: YamlAlias[]
}

/** An alias to a list or a map, which reads as an empty one: where it is, and what it names. */
export interface YamlAlias {
  at: number
  target: YamlList | YamlMap
}

export interface YamlPair {
  key: string
  keyStart: number
  value: YamlNode
}

export type YamlNode = YamlScalar | YamlList | YamlMap

/** Why a text could not be read; `line` and `column` count from 1 within the text that was read. */
export interface ReadError {
  message: string
  line: number
  column: number
}
