/** The same promises, kept by engines that take long to reach. */
import { conforms } from '../../support/coordination/conformance.ts'
import { ENGINES } from '../../support/coordination/engines.ts'

for (const engine of ENGINES) if (engine.isSlow) conforms(engine)
