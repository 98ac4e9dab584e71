/** Light or dark: the system's choice, unless the person made one of their own for this browser. */
const KEY = 'wrk-board-theme'

export type Theme = 'system' | 'light' | 'dark'

export function currentTheme(): Theme {
  const kept = stored()
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

/** A page that is a file may have nowhere to keep it. */
function stored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch (error) {
    if (error instanceof DOMException) return null
    throw error
  }
}

export function chooseTheme(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
  }
  applyTheme(theme)
}

export function startTheme(): void {
  applyTheme(currentTheme())
}

function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
