/**
 * The files that an `apply_patch` touches: one patch holds many. Its lines `*** Add File: PATH`, `*** Update File:`,
 * `*** Delete File:` and `*** Move to:` name them (https://github.com/openai/codex, apply-patch/apply_patch_tool_instructions.md,
 * read 2026-11-29). Pure.
 */
export function filesOfPatch(patch: string): string[] {
  const names = patch.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+?)[ \t]*\r?$/gm)
  return [...new Set([...names].map(([, name]) => name!))]
}
