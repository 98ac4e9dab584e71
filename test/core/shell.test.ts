/** The simple commands of a shell command line, with the words that a shell would make of it. */
import { describe, expect, test } from 'vitest'
import { simpleCommands } from '../../src/core/shell.ts'

type Case = [line: string, ...commands: string[][]]

function takesApart(cases: Case[]): void {
  test.each(cases.map(([line, ...commands]) => ({ line, commands })))('$line', ({ line, commands }) => {
    expect(simpleCommands(line)).toEqual(commands)
  })
}

describe('a command is what is between operators:', () => {
  takesApart([
    [''],
    [' \t;;\n && () '],
    [' git\tcommit  -n ', ['git', 'commit', '-n']],
    ['a 1;b 2&c|d&&e||f\ng', ['a', '1'], ['b', '2'], ['c'], ['d'], ['e'], ['f'], ['g']],
    ['(a; (b) c); d', ['a'], ['b'], ['c'], ['d']],
    ['case x in a) b;; esac', ['case', 'x', 'in', 'a'], ['b'], ['esac']],
  ])
})

describe('quotes and backslashes make words of what is in them:', () => {
  takesApart([
    ['a \'\' ""', ['a', '', '']],
    [`'a b'c"d e" f`, ['a bcd e', 'f']],
    [`'a"b' "c'd"`, ['a"b', "c'd"]],
    ["'a\\' b", ['a\\', 'b']],
    ['a\\ b\\;c \\\\', ['a b;c', '\\']],
    ['a\\\nb \\\nc', ['ab', 'c']],
    ['\\\n'],
    [`a $'it\\'s' b`, ['a', "it's", 'b']],
    [`x$'y'`, ['xy']],
  ])

  describe('in double ones a backslash is one, unless a shell has it guard what follows:', () => {
    takesApart([
      ['cd "C:\\repo\\new" x', ['cd', 'C:\\repo\\new', 'x']],
      ['"\\" \\$(a) \\`b\\` \\\\" c', ['" $(a) `b` \\', 'c']],
      ['"a\\\nb"', ['ab']],
    ])
  })
})

describe('substitutions are commands, listed before the one that they are in:', () => {
  takesApart([
    ['a $(b c)', ['b', 'c'], ['a', '']],
    ['x`a b`y z', ['a', 'b'], ['xy', 'z']],
    ['"x$(a "b c")y" z', ['a', 'b c'], ['xy', 'z']],
    ['"`a`b" c', ['a'], ['b', 'c']],
    ['a <(b c) x>(d) e', ['b', 'c'], ['d'], ['a', '', 'x', 'e']],
    ['a < (b)', ['a'], ['b']],
    ['$(a (b; (c)) d) e', ['a'], ['b'], ['c'], ['d'], ['', 'e']],
    ['$(a `b $(c) d` e) f', ['c'], ['b', '', 'd'], ['a', '', 'e'], ['', 'f']],
    ['`a\\`b` c', ['a`b'], ['', 'c']],
    ['$x $ {y}', ['$x', '$', '{y}']],
  ])
})

describe('a comment reaches to the end of its line, and begins where a word could:', () => {
  takesApart([
    ['a #b c\nd', ['a'], ['d']],
    ['# a'],
    ["a # it's\nb", ['a'], ['b']],
    ['a#b "#c" \\#d', ['a#b', '#c', '#d']],
    ['$(a # b)\n) c', ['a'], ['', 'c']],
  ])
})

describe('a redirection is not a word, nor is its target:', () => {
  takesApart([
    ...['>', '<', '>>', '<>', '>|', '<<<', '&>', '&>>', '>&', '<&', '2>', ' 10>> ', '> '].map(
      (operator): Case => [`a ${operator}b c`, ['a', 'c']],
    ),
    ['a>b c', ['a', 'c']],
    ['a&>b c', ['a', 'c']],
    ['a x2>b 2x>c d', ['a', 'x2', '2x', 'd']],
    ['a 2>&1 c', ['a', 'c']],
    ['a >b>c d', ['a', 'd']],
    ['a > "b c" d', ['a', 'd']],
    ['>b a', ['a']],
    ['a > $(b) c', ['b'], ['a', 'c']],
    ['a >; b', ['a'], ['b']],
  ])
})

describe('a here-document is passed over, up to the line that is its word:', () => {
  takesApart([
    ['a <<E b\nc\nE\nd', ['a', 'b'], ['d']],
    ['a << E\nc\nE\nd', ['a'], ['d']],
    ['a <<\t"E F";b\nc\nE F\nd', ['a'], ['b'], ['d']],
    ["a <<'E F'\nE\nE F\nd", ['a'], ['d']],
    ['a <<\\E\nc\nE\nd', ['a'], ['d']],
    ["a <<''\nc\n\nd", ['a'], ['d']],
    [`a <<E"F G"'H'\nE\nEF GH\nd`, ['a'], ['d']],
    ['a <<E >b\nc\nE\nd', ['a'], ['d']],
    ['a <<E <<F\nF\nE\nE\nF\nd', ['a'], ['d']],
    ['a <<E|b\nc\nE\nd\nE', ['a'], ['b'], ['d'], ['E']],
    ['a <<E\n\tE\nE \n E\nE\nd', ['a'], ['d']],
    ['a <<-E\nE\t\n\t\tE\nd', ['a'], ['d']],
    ['a <<-E\n \tE\nE\nd', ['a'], ['d']],
    ['(a <<E)\nb\nE\nc', ['a'], ['c']],
    ['a <<E\nb\nc', ['a']],
    ['a <<;b\nc', ['a'], ['b'], ['c']],
    ['a <<\nb', ['a'], ['b']],
  ])
})

describe('what is never ended reaches to the end:', () => {
  takesApart([
    ["a 'b c", ['a', 'b c']],
    ['a "b c', ['a', 'b c']],
    ["a $'b\\", ['a', 'b']],
    ['a "b $(c d', ['c', 'd'], ['a', 'b ']],
    ['a `b', ['b'], ['a', '']],
    ['a\\', ['a']],
    ['\\', ['']],
    ['a "b\\', ['a', 'b\\']],
    ['a >', ['a']],
  ])
})

describe('what is closed and was never opened is an operator:', () => {
  takesApart([
    ['a) b) c', ['a'], ['b'], ['c']],
    ['a) `b) c` d', ['a'], ['b'], ['c'], ['', 'd']],
  ])
})

test('a line of a hundred thousand characters is taken apart, a longer one is not', () => {
  expect(simpleCommands(`a ${'b'.repeat(99_998)}`)).toEqual([['a', 'b'.repeat(99_998)]])
  expect(simpleCommands(`a ${'b'.repeat(99_999)}`)).toEqual([])
})

test('substitutions are followed fifty deep, and as many as there are one behind the other', () => {
  const innermost = (depth: number) => simpleCommands(`${'x$('.repeat(depth)}a${')'.repeat(depth)} b`)[0]
  for (const depth of [1, 49, 50]) expect(innermost(depth)).toEqual(['a'])
  expect(innermost(51)).toEqual(['xa'])
  expect(simpleCommands('$(a)'.repeat(60))).toHaveLength(61)
})
