/** The editor that $VISUAL or $EDITOR names, as a program and its arguments. Pure. */

/** What only a shell understands, outside quotes or in double ones. */
const OF_SHELL = /[|&;<>()$`*?[\]#~=%!{}\n]/

/**
 * Words and quotes are read here: `code --wait`, `"/opt/My Editor/bin/edit" -w`. What a shell has to read (variables,
 * pipes) goes to one, as git does it: the file is an argument and never part of the text.
 * @returns the program and its arguments, behind which the file comes; none for blank text
 */
export function editorCommand(text: string): string[] {
  const words: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    let word = ''
    for (;;) {
      const [all, plain, single, double, escaped] =
        /^(?:([^\s'"\\]+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.))/s.exec(rest) ?? []
      if (all === undefined) break
      if (OF_SHELL.test(plain ?? '') || /[$`]/.test(double ?? '')) return byShell(text)
      word += plain ?? single ?? escaped ?? double!.replace(/\\(["\\])/g, '$1')
      rest = rest.slice(all.length)
    }
    // A quote that is not closed is for the shell to complain of.
    if (/^['"\\]/.test(rest)) return byShell(text)
    words.push(word)
    rest = rest.trimStart()
  }
  return words
}

function byShell(text: string): string[] {
  return ['/bin/sh', '-c', `${text} "$@"`, 'wrk-editor']
}
