/** Draws what terminals show, as tmux gives it with its colours, into an SVG picture. */

const CELL = { width: 8.4, height: 19 }
const PAD = { x: 16, y: 12 }
const BAR = 34
const GAP = 14
const FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

const THEMES = {
  light: {
    back: '#ffffff',
    bar: '#f0f2f5',
    line: '#d0d7de',
    text: '#1f2328',
    dim: '#59636e',
    red: '#b3131f',
    green: '#11692e',
    yellow: '#7d4e00',
  },
  dark: {
    back: '#0d1117',
    bar: '#161b22',
    line: '#30363d',
    text: '#e6edf3',
    dim: '#9198a1',
    red: '#ff7b72',
    green: '#3fb950',
    yellow: '#d29922',
  },
}

/**
 * @param windows each with `title`, `ended` (it was killed) and `lines`, texts with SGR sequences
 * @param theme `light` or `dark`
 * @param columns of each window
 * @param description what the picture shows, for those who cannot see it
 */
export function terminalSvg(windows, theme, columns, description) {
  const colours = THEMES[theme]
  const width = Math.round(columns * CELL.width + 2 * PAD.x)
  let top = 1
  const drawn = windows.map(({ title, lines, ended }) => {
    const height = BAR + 2 * PAD.y + lines.length * CELL.height
    const text = lines.flatMap((line, row) =>
      runsOf(line).map(run => drawRun(run, top + BAR + PAD.y + (row + 0.75) * CELL.height, colours)),
    )
    const frame = [
      `<rect x="1" y="${top}" width="${width - 2}" height="${height}" rx="8" fill="${colours.back}" stroke="${colours.line}"/>`,
      `<path d="M1 ${top + BAR}V${top + 8}a8 8 0 0 1 8-8H${width - 9}a8 8 0 0 1 8 8V${top + BAR}Z" fill="${colours.bar}" stroke="${colours.line}"/>`,
      `<circle cx="20" cy="${top + BAR / 2}" r="5" fill="${ended ? colours.red : colours.green}"/>`,
      `<text x="34" y="${top + BAR / 2 + 4.5}" font-size="13" fill="${colours.dim}">${escaped(title)}</text>`,
    ]
    top += height + GAP
    return [...frame, ...text].join('\n')
  })
  const height = top - GAP + 1
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${FONT}" font-size="14">
<title>${escaped(description)}</title>
${drawn.join('\n')}
</svg>
`
}

/** The pieces of a line that look alike, with the column at which each begins. */
function runsOf(line) {
  const runs = []
  let style = {}
  let column = 0
  for (const [, codes, text] of line.matchAll(/\x1b\[([0-9;]*)m|([^\x1b]+)/g)) {
    if (codes !== undefined) style = codes.split(';').reduce(styledBy, style)
    else {
      const start = text.length - text.trimStart().length
      if (text.trim()) runs.push({ text: text.trim(), column: column + start, style })
      column += text.length
    }
  }
  return runs
}

const COLOURS = { 31: 'red', 32: 'green', 33: 'yellow' }

function styledBy(style, code) {
  const number = Number(code)
  if (number === 0) return {}
  if (number === 1) return { ...style, bold: true }
  if (number === 2) return { ...style, colour: 'dim' }
  if (number === 39) return { ...style, colour: undefined }
  return number in COLOURS ? { ...style, colour: COLOURS[number] } : style
}

function drawRun({ text, column, style }, y, colours) {
  const length = [...text].length * CELL.width
  const weight = style.bold ? ' font-weight="bold"' : ''
  // The length is said, so that a font of another width than ours does not shift the columns.
  return `<text x="${round(PAD.x + column * CELL.width)}" y="${round(y)}" textLength="${round(length)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="${colours[style.colour ?? 'text']}"${weight}>${escaped(text)}</text>`
}

const round = number => Math.round(number * 100) / 100

function escaped(text) {
  return text.replace(/[&<>]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
}
