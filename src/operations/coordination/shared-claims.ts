/**
 * What the local operations call where wrk.yaml has `coordination`: each is the local act with the engine's decision
 * around it. A bundle of its own, loaded only there.
 */
export { viewAllElsewhere } from './elsewhere/view-elsewhere.ts'
export { watchAllElsewhere } from './elsewhere/watch-elsewhere.ts'
export { changeForAll } from './for-all/change-for-all.ts'
export { claimForAll } from './for-all/claim-for-all.ts'
export { giveUpForAll } from './for-all/give-up-for-all.ts'
export { keepForAll } from './for-all/keep-for-all.ts'
export { giveUpLockForAll, keepLockForAll, readLockForAll, takeLockForAll } from './for-all/lock-for-all.ts'
export { giveIdForAll } from './shared-ids.ts'
