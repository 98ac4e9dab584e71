/** Every command: its line in the help, and where it is loaded from. */
import type { CommandModule } from './commands/command.ts'
import { QUICK } from './quick.ts'

/** What the scripts of `wrk completion` call; it needs all commands to know their options. */
export const COMPLETE = '__complete'

export const COMMANDS: Record<
  string,
  { summary: string; load: () => Promise<CommandModule>; hidden?: boolean }
> = {
  claim: {
    summary: 'claim an item; exit 4 if another session holds it',
    load: QUICK.claim,
  },
  release: { summary: 'release an item', load: QUICK.release },
  heartbeat: {
    summary: 'keep your claims alive during a long job',
    load: QUICK.heartbeat,
  },
  show: {
    summary: 'one item: fields, text, holder, history',
    load: QUICK.show,
  },
  list: {
    summary: 'the items of the queue and who holds them (also: ls)',
    load: QUICK.list,
  },
  status: { summary: 'who works on what', load: QUICK.status },
  watch: { summary: 'who holds what, live', load: () => import('./commands/watch/watch.ts') },
  board: { summary: 'who works on what, in a browser', load: () => import('./commands/board/board.ts') },
  session: {
    summary: 'start, identify, list and end sessions',
    load: () => import('./commands/sessions/session.ts'),
  },
  execute: {
    summary: 'run an agent or a command under a claim',
    load: QUICK.execute,
  },
  review: {
    summary: 'run the reviewers; archive when all pass',
    load: () => import('./commands/runs/review.ts'),
  },
  archive: {
    summary: 'archive an item and free it',
    load: () => import('./commands/items/transitions/archive.ts'),
  },
  set: { summary: 'set fields of an item in place', load: () => import('./commands/items/fields/set.ts') },
  edit: { summary: 'edit an item in your editor', load: () => import('./commands/items/edit.ts') },
  dep: { summary: 'what an item waits for', load: () => import('./commands/items/fields/dep.ts') },
  note: { summary: 'add a dated note to an item', load: () => import('./commands/items/body/note.ts') },
  check: { summary: 'check criteria of an item', load: () => import('./commands/items/body/check.ts') },
  gates: {
    summary: 'what wrk execute checks first, with exit codes',
    load: () => import('./commands/runs/gates.ts'),
  },
  new: { summary: 'create an item (also: add)', load: () => import('./commands/items/new.ts') },
  next: {
    summary: 'the item to work on now; --claim takes it',
    load: QUICK.next,
  },
  start: {
    summary: 'claim an item and begin it',
    load: () => import('./commands/items/transitions/transition.ts'),
  },
  block: {
    summary: 'set an item to blocked and release it',
    load: () => import('./commands/items/transitions/transition.ts'),
  },
  unblock: {
    summary: 'make a blocked item pending',
    load: () => import('./commands/items/transitions/transition.ts'),
  },
  done: { summary: 'finish an item', load: () => import('./commands/items/transitions/transition.ts') },
  cancel: {
    summary: 'close an item as cancelled',
    load: () => import('./commands/items/transitions/transition.ts'),
  },
  reopen: {
    summary: 'make a closed item pending',
    load: () => import('./commands/items/transitions/transition.ts'),
  },
  search: { summary: 'find text in the items', load: () => import('./commands/items/queries/search.ts') },
  graph: { summary: 'what waits for what', load: () => import('./commands/items/queries/graph.ts') },
  index: {
    summary: 'the queue as one page, INDEX.md',
    load: () => import('./commands/items/queries/index.ts'),
  },
  log: {
    summary: 'the event log: claims, takeovers, refusals',
    load: () => import('./commands/queue/log.ts'),
  },
  stats: {
    summary: 'the work in numbers: throughput, times, takeovers',
    load: () => import('./commands/queue/stats.ts'),
  },
  where: {
    summary: 'which queue is used, and where its files are',
    load: () => import('./commands/queue/where.ts'),
  },
  lock: {
    summary: 'a named lock: one run at a time',
    load: () => import('./commands/locks/lock.ts'),
  },
  receipt: { summary: 'write a receipt of a run', load: () => import('./commands/receipts/receipt.ts') },
  init: { summary: 'make a queue, or complete one', load: () => import('./commands/queue/init.ts') },
  verify: {
    summary: 'check what is staged; git hooks run it',
    load: QUICK.verify,
  },
  doctor: {
    summary: 'find what is wrong with the queue, and repair it',
    load: () => import('./commands/doctor/doctor.ts'),
  },
  commit: {
    summary: 'commit what was done to the items, and nothing else',
    load: () => import('./commands/commits/commit.ts'),
  },
  history: {
    summary: 'one item through the event log and git',
    load: () => import('./commands/commits/history.ts'),
  },
  resolve: {
    summary: 'finish the items after a merge',
    load: () => import('./commands/merges/resolve.ts'),
  },
  'merge-driver': {
    summary: 'merge one item by its fields; git runs it',
    load: () => import('./commands/merges/merge-driver.ts'),
  },
  hooks: { summary: 'git hooks that run wrk verify', load: () => import('./commands/hooks/hooks.ts') },
  push: {
    summary: 'push branches together with the claims, in a coordinated queue',
    load: () => import('./commands/coordination/push.ts'),
  },
  coordination: {
    summary: 'claims for all clones and machines',
    load: () => import('./commands/coordination/coordination.ts'),
  },
  agents: { summary: 'instructions and hooks for agents', load: () => import('./commands/agents/agents.ts') },
  mcp: { summary: 'the queue as tools for agents (MCP)', load: () => import('./commands/mcp/mcp.ts') },
  completion: { summary: 'completion for a shell', load: () => import('./commands/queue/completion.ts') },
  [COMPLETE]: {
    summary: 'for the completion scripts',
    load: () => import('./commands/queue/complete.ts'),
    hidden: true,
  },
}
