/**
 * What the local operations call where wrk.yaml has `coordination`: each is the local act with the engine's decision
 * around it. A bundle of its own, loaded only there.
 */
export { changeForAll } from './change-for-all.ts'
export { claimForAll } from './claim-for-all.ts'
export { giveUpForAll } from './give-up-for-all.ts'
export { keepForAll } from './keep-for-all.ts'
export { giveUpLockForAll, keepLockForAll, readLockForAll, takeLockForAll } from './lock-for-all.ts'
export { giveIdForAll } from './shared-ids.ts'
export { viewAllElsewhere } from './view-elsewhere.ts'
export { watchAllElsewhere } from './watch-elsewhere.ts'
