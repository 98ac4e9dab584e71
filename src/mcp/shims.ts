/**
 * What the protocol's package takes from its surroundings, in place of its own choice for Node, which brings a validator
 * of 150 KB (`alias` in scripts/bundling.mjs).
 */
export { default as process } from 'node:process'
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
