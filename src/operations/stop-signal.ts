/**
 * An AbortSignal, as the caller's program knows it. Where neither Node.js's types nor the DOM's are loaded, its main
 * part, so that the library's types need neither.
 */
export type StopSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : { readonly aborted: boolean; readonly reason: unknown; throwIfAborted(): void }
