/**
 * What must not get into files that are kept: strings that look like secrets become `***`. In doubt too much is
 * masked: a receipt shows what was done, not with which password.
 */

const MASK = '***'

/** Words that make the value behind them a secret, as parts of a name: `API_TOKEN`, `--db-password`. */
const SECRET_WORD =
  /(?:token|secret|passw(?:or)?d|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|signature|credential)/
    .source

/** The rest of a name. Bounded, so that a long run of letters does not cost the square of its length. */
const PART = /[\w.-]{0,40}/.source

/** What closes a name and opens a value: `"`, within a quoted text `\"`. */
const QUOTE = /(?:\\*["'])?/.source

/** A word, quoted or not. */
const VALUE = `(?:${[
  /"(?:[^"\\]|\\[\s\S])*"/,
  // `'it'\''s'` is one word of a shell.
  /'[^']*'(?:\\+''[^']*')*/,
  // Within a quoted text: `\"abc\"`.
  /(?<open>\\+["'])[\s\S]*?(?<!\\)\k<open>/,
  // Not closed, as in a text that was cut: all of the line.
  /\\*["'].*/,
  /(?:[^\s"',;&\\]|,(?![\s"'])|\\+(?![\\"']))+/,
]
  .map(({ source }) => source)
  .join('|')})`

/** A secret up to the end of a quoted word, `"KEY=a value"`: what comes before it in the word, and before the word. */
function quotedWord(name: string, before = ''): RegExp {
  return new RegExp(`(${before}(?<open>(?<!\\\\)\\\\*["'])${name})(?:(?!(?<!\\\\)\\k<open>)[\\s\\S])+`, 'gi')
}

/** What gives curl and its like a user and a password: `-u user:password`. */
const USER = /(?:^|\s)(?:-u|--user)[\s=]\s*/.source

const PATTERNS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, MASK],
  // Headers: all of the line.
  [quotedWord('[\\w-]*(?:authorization|cookie)\\s*:\\s*'), `$1${MASK}`],
  [new RegExp(`((?:authorization|cookie)${QUOTE}\\s*[:=]\\s*${QUOTE})[^\\r\\n"']+`, 'gi'), `$1${MASK}`],
  [/\b(Bearer|Basic|Digest)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${MASK}`],
  // Named values: KEY=value, "key": "value", --key value.
  [quotedWord(`${PART}${SECRET_WORD}${PART}=`), `$1${MASK}`],
  [new RegExp(`(${SECRET_WORD}${PART}${QUOTE}\\s*(?:=>|[=:])\\s*)${VALUE}`, 'gi'), `$1${MASK}`],
  [new RegExp(`((?:^|\\s)--?${PART}${SECRET_WORD}${PART}\\s+)(?!-)${VALUE}`, 'gi'), `$1${MASK}`],
  [quotedWord('[^:"\']+:', USER), `$1${MASK}`],
  [new RegExp(`(${USER}[^\\s:"']+:)[^\\s"']+`, 'g'), `$1${MASK}`],
  // Values that are known by their form.
  [/\b(?:gh[pousr]_[A-Za-z0-9]{10,}|github_pat_\w{10,}|glpat-[\w-]{10,}|npm_[A-Za-z0-9]{20,})/g, MASK],
  [/\b(?:xox[a-z]-[\w-]{8,}|hf_[A-Za-z0-9]{16,}|AIza[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{12,})/g, MASK],
  [/\b[rsp]k[-_][A-Za-z0-9_-]{8,}/g, MASK],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, MASK],
]

const SECRET_NAME = new RegExp(`${SECRET_WORD}|authorization|cookie`, 'i')

export function maskSecrets(text: string): string {
  let masked = withoutUserInfo(text)
  for (const [pattern, replacement] of PATTERNS) masked = masked.replace(pattern, replacement)
  return masked
}

/** `https://user:password@host`, also within a longer text; `ssh://git@host` names nobody's secret. */
function withoutUserInfo(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]{0,40}):\/\/([^\s/?#"']*)@/gi, (all, scheme, user) =>
    /ssh/i.test(scheme) && !user.includes(':') ? all : `${scheme}://`,
  )
}

/** The same for all strings in JSON data; whatever has a secret's name is masked as a whole. */
export function maskDeep(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value)
  if (Array.isArray(value)) return maskWords(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      maskSecrets(key),
      SECRET_NAME.test(key) && !isEmpty(one) ? MASK : maskDeep(one),
    ]),
  )
}

/** In a list of words the value may be the next word: `["--token", "abc"]`. */
function maskWords(list: readonly unknown[]): unknown[] {
  return list.map((one, i) => {
    const before = list[i - 1]
    const isOption = typeof before === 'string' && /^--?[\w-]+$/.test(before) && SECRET_NAME.test(before)
    return isOption && typeof one === 'string' && !one.startsWith('-') ? MASK : maskDeep(one)
  })
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || value === true || value === false
}

/** A repository's address without what gives access to it: user and password, query, fragment. */
export function publicUrl(url: string): string {
  const plain = url.trim()
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(plain)) return maskSecrets(plain.replace(/[?#].*/s, ''))
  // `git@host:path` names the user that everybody is there; `name:password@host:path` says more.
  return maskSecrets(plain.replace(/^[^@/\\]*:[^@/\\]*@/, ''))
}

/** `owner/name` of a repository's address; null for anything else, such as a path. */
export function repositoryName(url: string): string | null {
  const path =
    /^[a-z][a-z0-9+.-]*:\/\/[^/]+\/(.+)/i.exec(url)?.[1] ??
    /^(?:[^@/\\\s]+@)?[^@/\\:\s]{2,}:(?!\\)(.+)/.exec(url)?.[1]
  if (!path || /^file:/i.test(url)) return null
  const name = path
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/^\/+/, '')
  return name.includes('/') ? name : null
}
