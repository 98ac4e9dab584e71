/**
 * What every part of the benchmark gives: tables, whose rows are plain objects with a `name` and maybe `goals`.
 * A column is a head and the function that makes a row's cell; `note` is a sentence below.
 */

/** A goal of a row: what is asked, and whether it was reached. */
export function goal(text, pass) {
  return { goal: text, pass }
}

/** Prints a table with aligned columns. */
export function printTable({ title, columns, rows, note }) {
  const withGoals = rows.some(({ goals = [] }) => goals.length > 0)
  const all = {
    ...columns,
    ...(withGoals && {
      goal: ({ goals = [] }) => goals.map(one => one.goal).join(', '),
      ' ': ({ goals = [] }) => goals.map(({ pass }) => (pass ? 'pass' : 'MISS')).join(', '),
    }),
  }
  const cells = [
    [title, ...Object.keys(all)],
    ...rows.map(row => [row.name, ...Object.values(all).map(cell => cell(row) ?? '')]),
  ]
  const widths = cells[0].map((_, i) => Math.max(...cells.map(line => line[i].length)))
  for (const line of cells) {
    const [name, ...others] = line.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    )
    console.log([name, ...others].join('  ').trimEnd())
  }
  console.log(note ? `${note}\n` : '')
}

/** The table without the functions that print it. */
export function asJson({ title, rows, note }) {
  return { title, note, rows }
}
