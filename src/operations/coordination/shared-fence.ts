/** What keeps commits from leaving a clone, or from coming in, against other holders' claims. A bundle of its own. */
export { addClaimTrailers, checkStagedClaims } from './fence/commit-trailer.ts'
export { prePush } from './fence/pre-push.ts'
export { readUpdates, verifyReceived } from './fence/pre-receive.ts'
export { pushForAll } from './fence/push.ts'
export { verifyRangeClaims } from './fence/verify-claims.ts'
