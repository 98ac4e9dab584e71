/** The same promises, kept by every engine. ssh and http take long for each connection and are among the slow tests. */
import { conforms } from '../../support/coordination/conformance.ts'
import { ENGINES } from '../../support/coordination/engines.ts'

for (const engine of ENGINES) if (!engine.isSlow) conforms(engine)
