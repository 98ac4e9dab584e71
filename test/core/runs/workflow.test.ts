/** What wrk.yaml says of providers and gates, and what an item lacks for its plan. */
import { describe, expect, test } from 'vitest'
import {
  fillIn,
  isKnownAgent,
  isProviderName,
  missingForPlan,
  readWorkflow,
  type Workflow,
} from '../../../src/core/runs/workflow.ts'
import { readPlain } from '../../../src/markdown/read/plain.ts'

const read = (text: string) => readWorkflow(readPlain(text)!)
const none: Workflow = { providers: new Map(), gates: { plan_reviewed: [], spec_ref: [] } }

describe('wrk.yaml', () => {
  test('need not say anything, nor be there', () => {
    for (const text of [
      '',
      'ttl: 2h\n',
      'providers:\ngates: ~\n',
      'providers: {}\ngates: {}\n',
      'gates: ""\n',
    ])
      expect(read(text)).toEqual({ workflow: none, problem: null })
    expect(readWorkflow(null)).toEqual({ workflow: none, problem: null })
  })

  test('names a provider’s arguments, for all actions or for each', () => {
    const { workflow, problem } = read(
      'providers:\n  a: [run, "{file}", 5]\n  b: { review: [look] }\n  c:\n    execute:\n      - do\n      - ""\n    review: [look]\n',
    )
    expect(problem).toBeNull()
    expect([...workflow.providers]).toEqual([
      ['a', { execute: ['run', '{file}', '5'], review: ['run', '{file}', '5'] }],
      ['b', { review: ['look'] }],
      ['c', { execute: ['do', ''], review: ['look'] }],
    ])
  })

  test.each([
    ['plan_reviewed: [complex, moderate]', { plan_reviewed: ['complex', 'moderate'], spec_ref: [] }],
    ['plan_reviewed: complex', { plan_reviewed: ['complex'], spec_ref: [] }],
    ['plan_reviewed: true', { plan_reviewed: ['all'], spec_ref: [] }],
    ['plan_reviewed:', none.gates],
    ['plan_reviewed: []', none.gates],
    ['plan_reviewed: ""', none.gates],
    ['plan_reviewed: ~', none.gates],
    ['complex: ~', none.gates],
    ['complex: [plan_reviewed, spec_ref]', { plan_reviewed: ['complex'], spec_ref: ['complex'] }],
    ['complex: spec_ref', { plan_reviewed: [], spec_ref: ['complex'] }],
    ['simple: []', { plan_reviewed: [], spec_ref: [] }],
    ['all: [spec_ref]\n  spec_ref: [simple]', { plan_reviewed: [], spec_ref: ['all', 'simple'] }],
  ])('asks for gates by gate or by complexity: %j', (line, gates) => {
    expect(read(`gates:\n  ${line}\n`)).toMatchObject({ workflow: { gates }, problem: null })
  })

  test.each([
    ['providers: [a]\n', 'providers', 0, 'a map'],
    ['providers: words\n', 'providers', 0, 'a map'],
    ['providers:\n  a: run\n', 'providers.a', 13, 'a list of arguments'],
    ['providers:\n  a: [run, [x]]\n', 'providers.a', 13, 'a list of arguments'],
    ['providers:\n  a: [""]\n', 'providers.a', 13, 'a list of arguments'],
    ['providers:\n  a: { execute: run }\n', 'providers.a', 13, 'a list of arguments'],
    ['providers:\n  a: { execute: [run], other: [x] }\n', 'providers.a', 13, 'a list of arguments'],
    ['providers:\n  2nd: [run]\n', 'providers.2nd', 13, 'a list of arguments'],
    ['gates: true\n', 'gates', 0, 'a map'],
    ['gates:\n  high: [priority]\n', 'gates.high', 9, 'plan_reviewed or spec_ref'],
    ['gates:\n  plan_reviewed: {}\n', 'gates.plan_reviewed', 9, 'plan_reviewed or spec_ref'],
    ['gates:\n  plan_reviewed: [[complex]]\n', 'gates.plan_reviewed', 9, 'plan_reviewed or spec_ref'],
  ])('is reported with its place, and what was expected: %j', (text, key, offset, expected) => {
    expect(read(text).problem).toEqual({ key, offset, expected: expect.stringContaining(expected) })
  })

  test('names the first thing that is wrong', () => {
    expect(read('gates: true\nproviders: true\n').problem?.key).toBe('providers')
    expect(read('providers:\n  a: x\n  b: x\n').problem?.key).toBe('providers.a')
  })
})

test.each([
  ['claude', true],
  ['own-2.1_x', true],
  ['', false],
  ['2nd', false],
  ['.hidden', false],
  ['-flag', false],
  ['a/b', false],
  ['..', false],
  ['a b', false],
  ['a\n', false],
  ['a'.repeat(64), true],
  ['a'.repeat(65), false],
])('%j as the name of a provider: %s', (name, good) => {
  expect(isProviderName(name)).toBe(good)
})

test('agents are known whatever the queue says, and nothing else is', () => {
  for (const name of ['claude', 'codex', 'gemini']) expect(isKnownAgent(name)).toBe(true)
  for (const name of ['nobody', 'Claude', 'constructor', '']) expect(isKnownAgent(name)).toBe(false)
})

test('values are filled in once, each into its own argument', () => {
  const values = { id: 'WRK-{file}', file: "/a b/$& $1 {id} '$(x)'.md", action: 'review' } as const
  expect(fillIn(['{id}', '--at={file}:{file}', '{action}', '{other}', '{}', ''], values)).toEqual([
    values.id,
    `--at=${values.file}:${values.file}`,
    'review',
    '{other}',
    '{}',
    '',
  ])
})

describe('the plan gate', () => {
  const missing = (fields: Record<string, string>, gates: Partial<Workflow['gates']> = {}) =>
    missingForPlan(key => fields[key], { ...none, gates: { ...none.gates, ...gates } })

  test('asks for plan_approved alone by default', () => {
    expect(missing({ plan_approved: 'true' })).toEqual([])
    expect(missing({ plan_approved: 'TRUE', complexity: 'complex' })).toEqual([])
    expect(missing({})).toEqual(['plan_approved is not set, not true'])
    expect(missing({ plan_approved: 'soon' })).toEqual(['plan_approved is soon, not true'])
  })

  test('asks for more by complexity, letter case aside', () => {
    const gates = { plan_reviewed: ['Moderate', 'complex'], spec_ref: ['complex'] }
    const approved = { plan_approved: 'true' }
    expect(missing({ ...approved, complexity: 'simple' }, gates)).toEqual([])
    expect(missing(approved, gates)).toEqual([])
    expect(missing({ ...approved, complexity: 'MODERATE' }, gates)).toEqual([
      'plan_reviewed is not set, not true (complexity moderate)',
    ])
    expect(missing({ complexity: 'complex', plan_reviewed: 'no' }, gates)).toEqual([
      'plan_approved is not set, not true',
      'plan_reviewed is no, not true (complexity complex)',
      'spec_ref names no plan (complexity complex)',
    ])
    expect(
      missing({ ...approved, complexity: 'complex', plan_reviewed: 'true', spec_ref: 'x' }, gates),
    ).toEqual([])
  })

  test('of all asks for every item, one without a complexity too, and says nothing of that', () => {
    expect(missing({ plan_approved: 'true' }, { plan_reviewed: ['all'], spec_ref: ['all'] })).toEqual([
      'plan_reviewed is not set, not true',
      'spec_ref names no plan',
    ])
  })
})
