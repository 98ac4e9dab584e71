/** The layers of src/: who may import whom. What is decided is pure; what touches the world is at the edge. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/program.ts'

const SRC = join(ROOT, 'src')

interface Import {
  /** A path below src, or a package or built-in module by its name. */
  of: string
  /** Of types alone: nothing of it is left when the program runs. */
  typeOnly: boolean
  lazy: boolean
}

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .sort()

/** Without comments and the contents of templates; strings stay, for the imports. */
function codeOf(file: string): string {
  return readFileSync(join(SRC, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')
}

function importsOf(file: string): Import[] {
  const code = codeOf(file)
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean, lazy: boolean) => {
    const of = specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier
    found.push({ of, typeOnly, lazy })
  }
  const statement = /^(?:import|export)\s+(type\s+)?([\w$*\s{},]+?)\s+from\s+['"]([^'"]+)['"]/gm
  for (const [, type, names, specifier] of code.matchAll(statement)) {
    const braced = /^\{([^}]*)\}$/.exec(names!.trim())?.[1]
    const inline = braced?.split(',').filter(name => name.trim()) ?? []
    add(
      specifier!,
      Boolean(type) || (inline.length > 0 && inline.every(name => /^\s*type\s/.test(name))),
      false,
    )
  }
  for (const [, specifier] of code.matchAll(/^import\s+['"]([^'"]+)['"]/gm)) add(specifier!, false, false)
  for (const [, kind, specifier] of code.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g))
    add(specifier!, Boolean(kind), true)
  return found
}

const layerOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : 'top')
const isFile = ({ of }: Import): boolean => of.endsWith('.ts')

/** Which layers each may import. */
const ALLOWED: Record<string, readonly string[]> = {
  core: ['core', 'markdown'],
  markdown: ['markdown', 'core'],
  store: ['store', 'core', 'markdown'],
  system: ['system', 'core', 'markdown'],
  coordination: ['coordination', 'core', 'markdown', 'system'],
  operations: ['operations', 'core', 'markdown', 'store', 'system', 'coordination'],
  print: ['print', 'core', 'operations', 'store'],
  commands: ['commands', 'core', 'operations', 'print', 'board', 'mcp'],
  board: ['board', 'core', 'operations', 'print'],
  mcp: ['mcp', 'core', 'operations', 'print'],
  bin: ['bin', 'top', 'operations', 'print'],
  top: ['top', 'core', 'operations', 'commands', 'print', 'bin'],
}

test('the imports of src are seen as they are', () => {
  expect(FILES.length).toBeGreaterThan(50)
  expect(importsOf('core/claims/claim.ts')).toContainEqual({
    of: 'core/claims/lock.ts',
    typeOnly: false,
    lazy: false,
  })
  expect(importsOf('core/claims/claim.ts')).toContainEqual({
    of: 'core/sessions/liveness.ts',
    typeOnly: true,
    lazy: false,
  })
  expect(importsOf('quick.ts')).toContainEqual({
    of: 'commands/claims/claim.ts',
    typeOnly: false,
    lazy: true,
  })
  expect(importsOf('store/files/look.ts')).toContainEqual({ of: 'node:fs', typeOnly: true, lazy: false })
  const missing = FILES.flatMap(file =>
    importsOf(file).filter(one => isFile(one) && !FILES.includes(one.of) && !one.of.endsWith('.d.ts')),
  )
  expect(missing).toEqual([])
})

describe('a file of', () => {
  test.each(Object.entries(ALLOWED))('%s imports only from %j', (layer, allowed) => {
    const files = FILES.filter(file => layerOf(file) === layer)
    expect(files.length).toBeGreaterThan(0)
    const wrong = files.flatMap(file =>
      importsOf(file)
        .filter(one => isFile(one) && !allowed.includes(layerOf(one.of)))
        .map(one => `${file} imports ${one.of}`),
    )
    expect(wrong).toEqual([])
  })

  test('every layer is named here', () => {
    expect([...new Set(FILES.map(layerOf))].sort()).toEqual(Object.keys(ALLOWED).sort())
  })

  test('markdown takes from core nothing but types', () => {
    const wrong = FILES.filter(file => layerOf(file) === 'markdown').flatMap(file =>
      importsOf(file)
        .filter(({ of, typeOnly }) => of.startsWith('core/') && !typeOnly)
        .map(({ of }) => `${file} imports ${of}`),
    )
    expect(wrong).toEqual([])
  })

  test('commands imports no other command, but for what all share and the description of sessions', () => {
    const wrong = FILES.filter(file => layerOf(file) === 'commands').flatMap(file =>
      importsOf(file)
        .filter(({ of }) => of.startsWith('commands/') && of !== 'commands/command.ts')
        .map(({ of }) => `${file} imports ${of}`),
    )
    expect(wrong).toEqual([])
  })
})

test('only the program’s edge ends the process, in one place', () => {
  const exits = FILES.flatMap(file =>
    [...codeOf(file).matchAll(/\bprocess\.(exit|abort|reallyExit)\b|\bprocess\.exitCode\s*=/g)].map(
      () => file,
    ),
  )
  expect(exits).toHaveLength(1)
  expect(layerOf(exits[0]!)).toBe('bin')
})

describe('core and markdown', () => {
  const pure = FILES.filter(file => ['core', 'markdown'].includes(layerOf(file)))

  test('import nothing of Node, and of packages only the readers of YAML and of JSON with comments', () => {
    const outside = pure.flatMap(file =>
      importsOf(file)
        .filter(one => !isFile(one))
        .map(({ of }) => `${file} imports ${of}`),
    )
    expect(outside.sort()).toEqual([
      'markdown/jsonc.ts imports jsonc-parser',
      'markdown/read/converter.ts imports yaml',
      'markdown/read/full.ts imports gray-matter',
      'markdown/read/full.ts imports yaml',
    ])
  })

  test('have no clock, no randomness, no environment and no output', () => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bMath\.random\b|\bperformance\b|\bprocess\.(?!\d)|\bglobalThis\b|\bconsole\b|\bset(?:Timeout|Interval|Immediate)\b|\bcrypto\b/
    // `process` is also the word for what an anchor names; only what Node calls so is meant.
    const uses = pure.filter(file =>
      impure.test(codeOf(file).replace(/^\s*(?:const|let) process = .*$[\s\S]*/m, '')),
    )
    expect(uses).toEqual([])
  })
})

test('there are no circles among the files, apart from types and what is loaded later', () => {
  const edges = new Map(
    FILES.map(file => [
      file,
      importsOf(file)
        .filter(one => isFile(one) && !one.typeOnly && !one.lazy)
        .map(({ of }) => of),
    ]),
  )
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    else if (!done.has(file)) for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of FILES) visit(file, [])
  expect(circles).toEqual([])
})

test('no file of src names the place where it was made', () => {
  expect(FILES.filter(file => /\/work\/|shared\//.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([])
})
