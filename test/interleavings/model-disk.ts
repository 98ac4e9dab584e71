/**
 * A file system in memory whose operations are taken apart as a kernel takes them apart.
 *
 * An operation by path is two steps: `resolve` walks to the folder in which the last name is and holds on to
 * that folder itself, not to its path; `act` then looks the name up there. In between the folder may have been
 * renamed away, replaced or removed; what is then done in a removed folder fails with ENOENT. Reading a folder
 * is two steps as well (open, list), and so is a write that others can see (one half, then all of it), where every
 * step is gone through; else a process that stops before it writes leaves an empty file.
 *
 * Folders that nobody ever removes or renames (`PERMANENT`) need no step for their resolution: it gives the same
 * whenever it is made, or it fails for good. The model throws if anybody does remove one.
 *
 * Not modelled: what a loss of power does to data that was not synced (fsync does nothing here), links, owners.
 */
import { createHash } from 'node:crypto'

export type Call =
  | { call: 'open'; path: string; write: boolean; create: boolean; exclusive: boolean; truncate: boolean }
  | { call: 'close' | 'fsync' | 'fstat' | 'fchmod'; fd: number }
  | { call: 'read'; fd: number; length: number; position: number }
  /** Without a position it goes to the end: every such descriptor of wrk's was opened on a new or emptied file. */
  | { call: 'write'; fd: number; bytes: Buffer; position: number | null }
  | { call: 'readdir'; path: string }
  | Change

/** What acts on one name in a folder. */
type Change =
  | { call: 'lstat' | 'mkdir' | 'rmdir' | 'unlink'; path: string }
  | { call: 'rename'; path: string; to: string }

export interface Stat {
  ino: number
  kind: 'file' | 'dir'
  size: number
  mode: number
  /** Counts the writes to this file; used as its modification time. */
  version: number
}

export interface Result {
  /** The code of the error that it ended with, if it did. */
  code?: string
  fd?: number
  stat?: Stat
  bytes?: Buffer
  names?: readonly (readonly [name: string, kind: 'file' | 'dir'])[]
  count?: number
  /** What a process was seen to be, for the look at processes, which is a step like those of the disk. */
  look?: 'running' | 'gone'
}

/** Which file or folder: `MAKER:PATH` at first, so that it does not depend on what other processes made meanwhile. */
export type Id = string

export interface FileNode {
  kind: 'file'
  ino: number
  mode: number
  version: number
  bytes: Buffer
  /**
   * `slot`: made inside a draft or guard, for its maker's eyes only. `published`: was renamed into its place, and
   * is not written to any more. `shared`: others may read it while it is written.
   */
  use: 'slot' | 'shared' | 'published'
  text: string
}

export interface DirNode {
  kind: 'dir'
  ino: number
  entries: ReadonlyMap<string, Id>
  text: string
}

type Node = FileNode | DirNode

const ROOT_ID: Id = '-:'

const PERMANENT = new Set([
  ...['', 'pending', 'archive', 'archive/2026-02', '.wrk', '.wrk/tmp', '.wrk/guards', '.wrk/outbox'],
  ...['.wrk/moves', '.wrk/conflicts', '.wrk/claims', '.wrk/held', '.wrk/sessions', 'outside'],
  ...['old', 'a', 'b', 'c', 'y', 'z'].map(session => `.wrk/held/${session}`),
])

/** Something that wrk must never do, found by the model or by a scenario. */
export class Violation extends Error {}

const OK: Result = {}
const fail = (code: string): Result => ({ code })

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)]
}

/** Contents are few and come again and again; each is known by a short name. */
const contents = new Map<string, string>()
function nameOf(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  let name = contents.get(text)
  if (name === undefined) {
    name = `#${contents.size}`
    contents.set(text, name)
  }
  return name
}

function file(node: Omit<FileNode, 'text' | 'kind'>): FileNode {
  const { ino, mode, version, bytes, use } = node
  return { ...node, kind: 'file', text: `${ino},${mode},${version},${use},${nameOf(bytes)}` }
}

function dir(ino: number, entries: ReadonlyMap<string, Id>): DirNode {
  const listed = [...entries].map(([name, id]) => `${name}=${id}`).sort()
  return { kind: 'dir', ino, entries, text: `${ino}/${listed.join('/')}` }
}

/** The path whose folder an operation holds on to, if it is one by path. */
const pathsOf = (call: Call): string[] =>
  'to' in call ? [call.path, call.to] : 'path' in call ? [call.path] : []

/** What a process has open: part of its own state, handed in and given back changed. */
export interface Hands {
  /** The process, as the maker of files. */
  who: string
  fds: readonly (Id | null)[]
}

/** Every file has a number of its own, unless numbers are to be given again. */
const numbers = new Map<Id, number>()

export class ModelDisk {
  private nodes: Map<Id, Node>
  /** Give the numbers of removed files to new ones, as most file systems do; else every number is new. */
  readonly reuse: boolean

  constructor(reuse: boolean, nodes: Map<Id, Node> = new Map([[ROOT_ID, dir(1, new Map())]])) {
    this.reuse = reuse
    this.nodes = nodes
  }

  clone(): ModelDisk {
    return new ModelDisk(this.reuse, new Map(this.nodes))
  }

  /** All of it as text, the same for the same contents. */
  key(): string {
    return [...this.nodes.keys()]
      .sort()
      .map(id => `${id}:${this.nodes.get(id)!.text}`)
      .join('|')
  }

  // --- for setting up and looking on --------------------------------------------------------------------

  put(path: string, content: string | null): void {
    const [folder, name] = split(path)
    const parent = this.find(folder)
    if (parent === undefined) {
      this.put(folder, null)
      this.put(path, content)
      return
    }
    const id = this.newId('-', path)
    const ino = this.numberFor(id)
    this.nodes.set(
      id,
      content === null
        ? dir(ino, new Map())
        : file({ ino, mode: 0o100644, version: 0, bytes: Buffer.from(content), use: 'published' }),
    )
    this.link(parent, name, id)
  }

  /** What is at a path now. */
  find(path: string): Id | undefined {
    let id: Id | undefined = ROOT_ID
    for (const name of path === '' ? [] : path.split('/')) {
      const node: Node | undefined = id === undefined ? undefined : this.nodes.get(id)
      id = node?.kind === 'dir' ? node.entries.get(name) : undefined
    }
    return id
  }

  fileAt(path: string): FileNode | undefined {
    const id = this.find(path)
    const node = id === undefined ? undefined : this.nodes.get(id)
    return node?.kind === 'file' ? node : undefined
  }

  namesIn(path: string): string[] {
    const id = this.find(path)
    const node = id === undefined ? undefined : this.nodes.get(id)
    return node?.kind === 'dir' ? [...node.entries.keys()].sort() : []
  }

  node(id: Id): Node | undefined {
    return this.nodes.get(id)
  }

  // --- the steps ----------------------------------------------------------------------------------------

  /** Whether an operation has a first step of its own. */
  hasFirstStep(call: Call, hands: Hands, everything: boolean): boolean {
    if (call.call === 'write') return everything && this.opened(call.fd, hands)?.use === 'shared'
    const held = call.call === 'readdir' ? [call.path] : pathsOf(call).map(path => split(path)[0])
    return held.length > 0 && (everything || held.some(path => !PERMANENT.has(path)))
  }

  /** The first step: the folders that the second acts in, null for one that is not there; of a write, one half. */
  first(call: Call, hands: Hands): (Id | null)[] {
    if (call.call === 'write') {
      this.write({ ...call, bytes: call.bytes.subarray(0, call.bytes.length >> 1) }, hands)
      return []
    }
    if (call.call === 'readdir') return [this.find(call.path) ?? null]
    return pathsOf(call).map(path => this.find(split(path)[0]) ?? null)
  }

  /** The second step, in the folders that the first gave. */
  second(call: Call, held: readonly (Id | null)[], hands: Hands): [Result, Hands] {
    switch (call.call) {
      case 'open':
        return this.open(call, held[0] ?? null, hands)
      case 'close':
        return [OK, this.close(call.fd, hands)]
      case 'fsync':
        return [OK, hands]
      case 'fstat':
        return [{ stat: this.statOf(hands.fds[call.fd]!) }, hands]
      case 'fchmod':
        return [this.chmod(call.fd, hands), hands]
      case 'read':
        return [this.read(call, hands), hands]
      case 'write':
        return [this.write(call, hands), hands]
      default: {
        const parent = held[0] ?? null
        if (call.call === 'readdir') return [this.list(parent), hands]
        return [this.change(call, parent, held[1] ?? null, hands), hands]
      }
    }
  }

  /** Forgets what has no name any more and is not open: its number may then be given to another. */
  collect(open: Iterable<Id | null>): void {
    const kept = new Set<Id>([ROOT_ID])
    const keep = (id: Id) => {
      kept.add(id)
      const node = this.nodes.get(id)
      if (node?.kind === 'dir') for (const inside of node.entries.values()) keep(inside)
    }
    keep(ROOT_ID)
    for (const id of open) if (id !== null) kept.add(id)
    if (kept.size < this.nodes.size)
      for (const id of this.nodes.keys()) if (!kept.has(id)) this.nodes.delete(id)
  }

  private newId(who: string, path: string): Id {
    let id = `${who}:${path}`
    while (this.nodes.has(id)) id += "'"
    return id
  }

  private numberFor(id: Id): number {
    if (!this.reuse) {
      if (!numbers.has(id)) numbers.set(id, 1000 + numbers.size)
      return numbers.get(id)!
    }
    const used = new Set([...this.nodes.values()].map(({ ino }) => ino))
    let number = 1
    while (used.has(number)) number++
    return number
  }

  /** Both steps at once. */
  atOnce(call: Call, hands: Hands): [Result, Hands] {
    return this.second(call, call.call === 'write' ? [] : this.first(call, hands), hands)
  }

  private open(
    { path, write, create, exclusive, truncate }: Call & { call: 'open' },
    parent: Id | null,
    hands: Hands,
  ): [Result, Hands] {
    const name = split(path)[1]
    const folder = this.folder(parent)
    let id = folder?.entries.get(name)
    if (!folder || parent === null || (id === undefined && !create)) return [fail('ENOENT'), hands]
    if (id !== undefined && exclusive) return [fail('EEXIST'), hands]
    if (id === undefined) {
      id = this.newId(hands.who, path)
      const use = /^\.wrk\/(tmp|guards)\//.test(path) ? 'slot' : 'shared'
      const ino = this.numberFor(id)
      this.nodes.set(id, file({ ino, mode: 0o100600, version: 0, bytes: Buffer.alloc(0), use }))
      this.link(parent, name, id)
    }
    const node = this.nodes.get(id)!
    if (node.kind === 'dir' && write) return [fail('EISDIR'), hands]
    // What makes it right that a slot's maker fills it unseen, as one step with what came before.
    if (node.kind === 'file' && node.use === 'slot' && !id.startsWith(`${hands.who}:`))
      throw new Violation(`${hands.who} opens a slot of another process: ${path}`)
    if (truncate && node.kind === 'file' && node.bytes.length > 0)
      this.nodes.set(id, file({ ...node, bytes: Buffer.alloc(0), version: node.version + 1 }))
    const fds = [...hands.fds]
    let fd = fds.indexOf(null)
    if (fd < 0) fd = fds.length
    fds[fd] = id
    return [{ fd }, { ...hands, fds }]
  }

  private close(fd: number, hands: Hands): Hands {
    const fds = [...hands.fds]
    const id = fds[fd]
    if (id === null || id === undefined)
      throw new Violation(`${hands.who} closes a descriptor that is not open`)
    fds[fd] = null
    while (fds.at(-1) === null) fds.pop()
    return { ...hands, fds }
  }

  private chmod(fd: number, hands: Hands): Result {
    const node = this.opened(fd, hands)!
    if (node.use === 'published') throw new Violation(`${hands.who} changes the mode of a published file`)
    this.nodes.set(hands.fds[fd]!, file({ ...node, mode: 0o100644 }))
    return OK
  }

  private read({ fd, length, position }: Call & { call: 'read' }, hands: Hands): Result {
    const node = this.nodes.get(hands.fds[fd]!)
    if (node?.kind !== 'file') return fail('EISDIR')
    return { bytes: node.bytes.subarray(position, position + length) }
  }

  private write({ fd, bytes, position }: Call & { call: 'write' }, hands: Hands): Result {
    const node = this.opened(fd, hands)
    if (!node) return fail('EISDIR')
    if (node.use === 'published') throw new Violation(`${hands.who} writes into a file that is published`)
    const at = position ?? (node.use === 'shared' ? 0 : node.bytes.length)
    const whole = Buffer.alloc(Math.max(node.bytes.length, at + bytes.length))
    node.bytes.copy(whole)
    bytes.copy(whole, at)
    this.nodes.set(hands.fds[fd]!, file({ ...node, bytes: whole, version: node.version + 1 }))
    return { count: bytes.length }
  }

  private list(id: Id | null): Result {
    const folder = this.folder(id)
    if (!folder) return fail('ENOENT')
    const names = [...folder.entries].sort().map(([name, of]) => [name, this.nodes.get(of)!.kind] as const)
    return { names }
  }

  private change(call: Change, parent: Id | null, toParent: Id | null, hands: Hands): Result {
    const name = split(call.path)[1]
    const folder = this.folder(parent)
    if (!folder || parent === null) return fail('ENOENT')
    const id = folder.entries.get(name)
    if (call.call === 'mkdir') {
      if (id !== undefined) return fail('EEXIST')
      const made = this.newId(hands.who, call.path)
      this.nodes.set(made, dir(this.numberFor(made), new Map()))
      this.link(parent, name, made)
      return OK
    }
    if (id === undefined) return fail('ENOENT')
    const node = this.nodes.get(id)!
    if (call.call === 'lstat') return { stat: this.statOf(id) }
    if (call.call !== 'unlink' && PERMANENT.has(call.path))
      throw new Violation(`${hands.who} removes or renames ${call.path}`)
    if (call.call === 'unlink') {
      if (node.kind === 'dir') return fail('EISDIR')
      this.unlink(parent, name)
      return OK
    }
    if (call.call === 'rmdir') {
      if (node.kind !== 'dir') return fail('ENOTDIR')
      if (node.entries.size > 0) return fail('ENOTEMPTY')
      this.unlink(parent, name)
      return OK
    }
    return 'to' in call ? this.rename(id, node, [parent, name], [toParent, split(call.to)[1]]) : OK
  }

  private rename(
    id: Id,
    node: Node,
    [parent, name]: [Id, string],
    [toParent, toName]: [Id | null, string],
  ): Result {
    const target = this.folder(toParent)
    if (!target || toParent === null) return fail('ENOENT')
    const oldId = target.entries.get(toName)
    const old = oldId === undefined ? undefined : this.nodes.get(oldId)!
    if (old?.kind === 'dir' && node.kind === 'file') return fail('EISDIR')
    if (old?.kind === 'file' && node.kind === 'dir') return fail('ENOTDIR')
    if (old?.kind === 'dir' && old.entries.size > 0) return fail('ENOTEMPTY')
    this.unlink(parent, name)
    this.link(toParent, toName, id)
    if (node.kind === 'file') this.nodes.set(id, file({ ...node, use: 'published' }))
    return OK
  }

  private folder(id: Id | null): DirNode | undefined {
    const node = id === null ? undefined : this.nodes.get(id)
    return node?.kind === 'dir' ? node : undefined
  }

  private opened(fd: number, hands: Hands): FileNode | undefined {
    const node = this.nodes.get(hands.fds[fd]!)
    return node?.kind === 'file' ? node : undefined
  }

  private statOf(id: Id): Stat {
    const node = this.nodes.get(id)!
    if (node.kind === 'dir')
      return { ino: node.ino, kind: 'dir', size: node.entries.size, mode: 0o40755, version: 0 }
    const { ino, mode, version, bytes } = node
    return { ino, kind: 'file', size: bytes.length, mode, version }
  }

  private link(parent: Id, name: string, id: Id): void {
    const { ino, entries } = this.folder(parent)!
    this.nodes.set(parent, dir(ino, new Map(entries).set(name, id)))
  }

  private unlink(parent: Id, name: string): void {
    const { ino, entries } = this.folder(parent)!
    const left = new Map(entries)
    left.delete(name)
    this.nodes.set(parent, dir(ino, left))
  }
}

export const digest = (text: string): string => createHash('md5').update(text).digest('binary')
