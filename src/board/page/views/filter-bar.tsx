/** Filters by text, priority, session and repository. */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { isFiltered, NO_FILTERS } from '../../model/filter.ts'
import type { App } from '../app-state.ts'
import { plural, short } from '../parts/words.ts'

export function FilterBar({ app, shown }: { app: App; shown: number }): JSX.Element {
  const { model, place } = app
  const { filters } = place
  const choices = useMemo(() => choicesIn(app), [model.items])
  const filtered = isFiltered(filters)
  const select = (name: 'priority' | 'session' | 'repo', label: string, values: readonly string[]) => (
    <label class="select">
      <span class="sr">{label}</span>
      <select value={filters[name]} onChange={event => app.filter({ [name]: event.currentTarget.value })}>
        <option value="">{label}: all</option>
        {[...new Set([...values, ...(filters[name] ? [filters[name]] : [])])].map(value => (
          <option key={value} value={value}>
            {short(value, 32)}
          </option>
        ))}
      </select>
    </label>
  )
  return (
    <search class="filters">
      <label class="search">
        <span class="sr">Find in ids, titles and sessions</span>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="7" cy="7" r="4.5" fill="none" stroke-width="1.5" />
          <path d="M10.5 10.5L14 14" stroke-width="1.5" />
        </svg>
        <input
          type="search"
          id="find"
          placeholder="Find…"
          value={filters.text}
          onInput={event => app.filter({ text: event.currentTarget.value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      {select('priority', 'Priority', choices.priorities)}
      {select('session', 'Session', choices.sessions)}
      {choices.repos.length > 0 && select('repo', 'Repository', choices.repos)}
      {filtered && (
        <>
          <span class="found" role="status">
            {plural(shown, 'item')}
          </span>
          <button type="button" class="link" onClick={() => app.filter(NO_FILTERS)}>
            Clear
          </button>
        </>
      )}
    </search>
  )
}

function choicesIn({ model }: App) {
  const priorities = new Map<string, number>()
  const sessions = new Set<string>()
  const repos = new Set<string>()
  for (const item of model.items.values()) {
    if (item.priority !== undefined) priorities.set(item.priority.toLowerCase(), item.rank)
    if (item.holder) sessions.add(item.holder.session_id)
    for (const repo of item.repos ?? []) repos.add(repo)
  }
  return {
    priorities: [...priorities].sort((a, b) => a[1] - b[1]).map(([word]) => word),
    sessions: [...sessions].sort(),
    repos: [...repos].sort(),
  }
}
