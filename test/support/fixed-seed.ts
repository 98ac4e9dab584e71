/** The same cases of every property for every mutant, so that its fate can be repeated. */
import fc from 'fast-check'

fc.configureGlobal({ seed: 20_260_216 })
