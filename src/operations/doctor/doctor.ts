/**
 * Finds what is wrong with a queue and, when asked, repairs what can be repaired safely.
 *
 * Guarantees: what is reported was so at two looks, so that a session at work is not accused; a fix decides again under
 * the guard; doing it twice is doing it once, also when the first was killed half-way; what is reported as repaired is gone.
 */
import { diagnose } from '../../core/doctor/diagnosis.ts'
import { counts, type Finding, isSameFinding } from '../../core/doctor/finding.ts'
import { asIoError } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { AgentTexts } from '../agents/agent-files.ts'
import type { Context } from '../context.ts'
import type { HookProgram } from '../hooks/hook-text.ts'
import { gatherFacts } from './doctor-facts.ts'
import { applyFix } from './doctor-fix.ts'

interface Repaired {
  finding: Finding
  /** What was done, in words. */
  done: string
}

export interface Diagnosis {
  /** The queue's folder. */
  root: string
  /** How many files of items there are. */
  items: number
  /** What is wrong now: after the fixes, where there were any. */
  findings: Finding[]
  fixed: Repaired[]
  /** How many of the findings are more than a note. */
  remaining: number
  /** Fixes that could not be made, with the error of each. */
  failed: { finding: Finding; error: WrkError }[]
}

/** One fix may uncover the next: an item that stood twice may have a dead lock. */
const MOST_ROUNDS = 5
/** Between the two looks: longer than any step of a change takes. */
const PAUSE_MS = 50

/** @throws WrkError IO, BUSY */
export async function doctor(
  context: Context,
  { fix, program, texts }: { fix: boolean; program: HookProgram; texts: AgentTexts },
): Promise<Diagnosis> {
  const look = async () => {
    const facts = await gatherFacts(context, program, texts)
    return { facts, findings: diagnose(facts) }
  }
  const fixed: Repaired[] = []
  const failed: Diagnosis['failed'] = []
  const tried: Finding[] = []
  let seen = await look()
  for (let round = 1; fix && round <= MOST_ROUNDS; round++) {
    const next = seen.findings.filter(one => one.fix && !tried.some(other => isAboutTheSame(one, other)))
    if (next.length === 0) break
    tried.push(...next)
    const repaired = await applyFixes(context, next, program)
    failed.push(...repaired.failed)
    seen = await look()
    for (const { finding, done } of repaired.fixed) {
      if (!seen.findings.some(other => isAboutTheSame(finding, other))) fixed.push({ finding, done })
      else failed.push({ finding, error: new WrkError('FAILED', `it is still there (${done})`) })
    }
  }
  let { findings, facts } = seen
  if (findings.some(counts)) {
    await context.store.host.sleep(PAUSE_MS)
    const again = await look()
    findings = again.findings.filter(finding => findings.some(other => isSameFinding(finding, other)))
    facts = again.facts
  }
  const { root } = context.store
  return {
    root,
    items: facts.items.length,
    findings,
    fixed,
    remaining: findings.filter(counts).length,
    // What is gone all the same needs nobody: a newer note may have taken the place of an older one.
    failed: failed.filter(({ finding }) => findings.some(other => isAboutTheSame(finding, other))),
  }
}

/** The same finding before and after its fix; what it says may have changed by that. */
function isAboutTheSame(a: Finding, b: Finding): boolean {
  return a.code === b.code && a.item === b.item && a.path === b.path
}

/** Makes every fix that was planned; one that fails keeps no other from being made. */
async function applyFixes(
  context: Context,
  findings: readonly Finding[],
  program: HookProgram,
): Promise<Pick<Diagnosis, 'fixed' | 'failed'>> {
  const fixed: Repaired[] = []
  const failed: Diagnosis['failed'] = []
  for (const finding of findings) {
    if (!finding.fix) continue
    try {
      const done = await applyFix(context, finding.fix, program)
      if (done !== null) fixed.push({ finding, done })
    } catch (error) {
      const known = asIoError(error, 'it could not be repaired')
      if (!(known instanceof WrkError)) throw error
      failed.push({ finding, error: known })
    }
  }
  return { fixed, failed }
}
