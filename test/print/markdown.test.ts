/** Markdown drawn for a terminal. */
import { expect, test } from 'vitest'
import { renderMarkdown } from '../../src/print/items/markdown.ts'

const plain = { width: 40, colour: false, isTerminal: true }
const colour = { ...plain, colour: true }

const BODY = `
# What *it* is

Some text that is longer than the screen is wide, with \`code\`, **bold**
and [a link](https://example.com/a) or <https://example.com/b>.\\
Next line

1. one
2. two
   - nested text that goes on beyond the right edge
- [x] done
- [ ] not done

> quoted text that is longer than the screen is wide

| name | number |
|------|-------:|
| a \`b\` | 1 |

\`\`\`sh
echo  "spaces stay"	tab
\`\`\`

---
<b>html</b> &amp; ![a picture](x.png)
`

test('a text is laid out without colour', () => {
  expect(renderMarkdown(BODY, plain)).toBe(`# What it is

Some text that is longer than the screen
is wide, with \`code\`, bold and a link
(https://example.com/a) or
https://example.com/b.
Next line

1. one
2. two
   - nested text that goes on beyond the
     right edge

- [x] done
- [ ] not done

| quoted text that is longer than the
| screen is wide

name   number
a \`b\`  1

    echo  "spaces stay"    tab

----------------------------------------

<b>html</b> & [image: a picture]
`)
})

test('with colour, styles replace the marks', () => {
  const text = renderMarkdown('# Title\n\n**bold** and `code`', colour)
  expect(text).toBe('\u001b[1mTitle\u001b[22m\n\n\u001b[1mbold\u001b[22m and \u001b[33mcode\u001b[39m\n')
})

test('nothing in a text can drive the terminal', () => {
  const text = renderMarkdown(
    'a \u001b]0;title\u0007 b\n\n```\n\u001b[2J\n```\n\n| \u001b[31m |\n|--|\n| \u202e |\n\n# \u009b',
    plain,
  )
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})

test('a text that is nested too deep is shown as it is', () => {
  const text = `${'> '.repeat(20_000)}deep`
  expect(renderMarkdown(text, plain)).toContain('deep')
})

test('a text without content is nothing', () => {
  for (const text of ['', '\n\n', '  \n\t\n']) expect(renderMarkdown(text, plain)).toBe('')
})
