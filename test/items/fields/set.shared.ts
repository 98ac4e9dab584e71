/** What the tests of set have in common. */
import { item } from '../../support/items.ts'

/** An item with this line in its frontmatter. */
export const withLine = (line: string) => item('WRK-1').replace('related: []', line)
