/**
 * Leaves of dist/types what a user of the library can reach from its index: declarations that no exported type names are
 * taken out, and files without any left. So the types need no types of Node.js and of no other package. It goes by how
 * tsc writes declarations: each begins at the start of a line, and what belongs to it is indented.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const IMPORT = /^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)';$/
const DECLARATION =
  /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|let|function|enum) ([\w$]+)/

const VALUE = /^(?:export )?(?:declare )?(?:const|let|function) /

/** @param {string} folder where tsc has written declarations */
export function pruneTypes(folder) {
  const files = new Map()
  const wanted = new Map()
  const read = path => {
    if (!files.has(path)) files.set(path, parse(path))
    return files.get(path)
  }
  const want = (path, name) => {
    if (!wanted.has(path)) wanted.set(path, new Set())
    if (wanted.get(path).has(name)) return
    wanted.get(path).add(name)
    const { statements, imports } = read(path)
    const from = imports.get(name)
    if (from) want(from.path, from.name)
    for (const { code } of statements.filter(statement => statement.name === name))
      for (const [, asValue, word] of code.matchAll(/(\btypeof |\[)?\b([A-Za-z_$][\w$]*)/g))
        if (isDeclared(path, word, asValue !== undefined)) want(path, word)
  }
  // Of a function or constant only the type can be named, by typeof, and a symbol as a key: else it is a property that has the same name.
  const isDeclared = (path, name, asValue) => {
    const { statements, imports } = read(path)
    const from = imports.get(name)
    if (from) return isDeclared(from.path, from.name, asValue)
    return statements.some(one => one.name === name && (asValue || !VALUE.test(one.code)))
  }
  const index = join(resolve(folder), 'index.d.ts')
  for (const { name } of read(index).statements) if (name) want(index, name)
  for (const name of read(index).imports.keys()) want(index, name)

  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = resolve(folder, entry)
    if (!entry.endsWith('.d.ts')) continue
    if (wanted.has(path)) writeFileSync(path, textOf(read(path), wanted.get(path)))
    else rmSync(path)
  }
  removeEmpty(folder)
}

/** A file's statements with the comments above them, and what it imports by the name that it has here. */
function parse(path) {
  const statements = []
  const imports = new Map()
  let comment = ''
  for (const text of readFileSync(path, 'utf8').split(/\n(?=\S)(?![})\]*])/)) {
    const code = withoutComments(text)
    if (code.trim() === '') {
      comment += `${text}\n`
      continue
    }
    // A comment between the members of a union begins its line, and what follows it does not.
    if (/^\s/.test(code)) {
      const last = statements.at(-1)
      last.text += `\n${comment}${text}`
      last.code += `\n${code}`
      comment = ''
      continue
    }
    const oneLine = text.trim().replaceAll('\n', ' ')
    const taken = IMPORT.exec(oneLine)
    if (taken) {
      const [names, from] = [
        taken[1].split(','),
        resolve(dirname(path), taken[2].replace(/\.[jt]s$/, '.d.ts')),
      ]
      if (!existsSync(from)) throw new Error(`${path} takes from ${taken[2]}, which tsc has not written`)
      for (const word of names.map(name => name.trim().replace(/^type /, '')).filter(Boolean)) {
        const [name, as = name] = word.split(' as ')
        imports.set(as, { path: from, name })
      }
    }
    const name = taken ? null : (DECLARATION.exec(oneLine)?.[1] ?? null)
    statements.push({ name, names: taken?.[1] ?? null, text: comment + text, code })
    comment = ''
  }
  return { statements, imports }
}

const withoutComments = text =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replace(/'(?:[^'\\\n]|\\.)*'/g, "''")

/** The file with the wanted declarations, and imports of wanted names. */
function textOf({ statements }, names) {
  const kept = statements.flatMap(({ name, names: taken, text }) => {
    if (name) return names.has(name) ? [text] : []
    if (taken === null) return [text]
    const left = taken.split(',').filter(word =>
      names.has(
        word
          .trim()
          .replace(/^type /, '')
          .split(' as ')
          .at(-1),
      ),
    )
    return left.length > 0 ? [text.replace(taken, left.join(','))] : []
  })
  return `${kept.join('\n').trimEnd()}\n`
}

function removeEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name))
  if (readdirSync(folder).length === 0) rmdirSync(folder)
}
