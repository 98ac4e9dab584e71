/** The text of a new item: from the queue's template, the built-in one, or a file that somebody has. */
import { join } from 'node:path'
import { asIoError, MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { titleHeading, withBody, withCriteria } from '../../markdown/edit/new-body.ts'
import { type FieldValue, spliceChecked } from '../../markdown/edit/splice.ts'
import { type Frontmatter, type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { bodyStart, splitFrontmatter } from '../../markdown/split.ts'
import { readPlainFile } from '../../store/files/guarded-file.ts'
import { NeedsFullReader, withReaders } from '../../store/readers.ts'
import type { Context } from '../context.ts'

export interface Template {
  /** For messages. */
  path: string
  bytes: Buffer
}

export type Fields = Record<string, FieldValue>

/** What stands below the frontmatter beside what the template has. */
export interface NewText {
  body: Buffer | undefined
  criteria: readonly string[]
}

interface ChosenTemplate {
  template: Template
  /** What the file calls it. */
  title: string | undefined
  body: Buffer | undefined
  /** Fields that tell of the file's own past. */
  emptied: Fields
}

const OF_THE_PAST = ['completed_at', 'blocked_reason', 'cancelled_reason']

/**
 * What an item is made from: the template, or `from`, whose frontmatter counts where it has any.
 * @throws WrkError INVALID_ITEM, with the file's line; IO
 */
export async function templateFor(
  context: Context,
  wanted: { from?: Template | undefined; body?: Buffer | undefined; template: string },
): Promise<ChosenTemplate> {
  const { from, body } = wanted
  if (!from) return { template: readTemplate(context, wanted.template), title: undefined, body, emptied: {} }
  const split = splitFrontmatter(from.bytes)
  if (split.kind === 'error' && split.reason === 'none') {
    const template = readTemplate(context, wanted.template)
    return { template, title: titleHeading(from.bytes, 0), body: from.bytes, emptied: {} }
  }
  const { map } = await withReaders(full => readTemplateFields(from, full))
  const own = scalarText(findPair(map, 'title')?.value)
  const past = OF_THE_PAST.filter(key => findPair(map, key)?.value.kind === 'scalar')
  const emptied = Object.fromEntries(past.map(key => [key, { word: '' }]))
  const heading = split.kind === 'split' ? titleHeading(from.bytes, bodyStart(from.bytes, split)) : undefined
  return { template: from, title: own || heading, body, emptied }
}

/** The queue's own template, else the built-in one. @throws WrkError INVALID_ITEM, IO */
function readTemplate({ store }: Context, builtIn: string): Template {
  const path = join(store.root, 'templates', 'item.md')
  try {
    const own = unless(MISSING, null, () => readPlainFile(store.host.disk, path))
    return own ? { path, bytes: own.bytes } : { path: 'the built-in template', bytes: Buffer.from(builtIn) }
  } catch (error) {
    throw asIoError(error, `could not read ${path}`)
  }
}

/** A template's frontmatter. @throws WrkError INVALID_ITEM, with its line */
function readTemplateFields({ path, bytes }: Template, full: FullReader | undefined): Frontmatter {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') throw new NeedsFullReader()
  if (found.kind === 'error') throw badTemplate(path, found.error)
  return found
}

/** The template's bytes as those of an item. @throws WrkError INVALID_ITEM, with the template's line */
export function filled(
  template: Template,
  id: string,
  title: string,
  fields: Fields,
  { body, criteria }: NewText,
  full: FullReader | undefined,
): Buffer {
  const { path, bytes } = template
  const found = readTemplateFields(template, full)
  const spliced = spliceChecked(bytes, found, { id: { word: id }, ...fields }, full)
  if (spliced.kind === 'needsFull') throw new NeedsFullReader()
  if (spliced.kind === 'error') throw badTemplate(path, spliced.error)
  const { split } = spliced.after
  const heading = scalarText(findPair(found.map, 'title')?.value)
  let made = withHeading(spliced.bytes, split.yamlEnd, heading, title)
  const from = bodyStart(made, split)
  if (body) made = withBody(made, from, title, body, split.eol)
  return criteria.length === 0 ? made : withCriteria(made, from, criteria, split.eol)
}

function badTemplate(
  path: string,
  { message, line, column }: { message: string; line: number; column: number },
) {
  return new WrkError('INVALID_ITEM', `${path}:${line}: ${message}`, {
    hint: path.includes('template')
      ? 'Correct the template, or remove it to use the built-in one.'
      : 'Correct the file, then run the command again.',
    details: { path, line, column },
  })
}

/** Where the body has the template's title for a heading, it becomes the new one's. */
function withHeading(bytes: Buffer, from: number, heading: string | undefined, title: string): Buffer {
  if (heading === undefined) return bytes
  const old = Buffer.from(`\n# ${heading}`)
  for (let at = bytes.indexOf(old, from); at >= 0; at = bytes.indexOf(old, at + 1)) {
    const end = at + old.length
    if (end < bytes.length && !/[\r\n]/.test(String.fromCharCode(bytes[end]!))) continue
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(`\n# ${title}`), bytes.subarray(end)])
  }
  return bytes
}
