/** The error that ends a command. */
import { expect, test } from 'vitest'
import { WrkError } from '../../src/core/errors.ts'

test('an error has a code and says what to do next, with facts and its cause', () => {
  const cause = new Error('ENOENT')
  const error = new WrkError('NOT_FOUND', 'no queue here', {
    hint: 'wrk init',
    details: { path: 'x' },
    cause,
  })
  expect(error).toBeInstanceOf(Error)
  expect({ ...error }).toEqual({
    name: 'WrkError',
    code: 'NOT_FOUND',
    hint: 'wrk init',
    details: { path: 'x' },
  })
  expect([String(error), error.cause]).toEqual(['WrkError: no queue here', cause])
})

test('an error without a cause has none', () => {
  const error = new WrkError('USAGE', 'no')
  expect([error.hint, error.details]).toEqual([undefined, {}])
  expect('cause' in error).toBe(false)
  expect(new WrkError('IO', 'no', { cause: null }).cause).toBeNull()
})
