import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FieldError } from '../../../../src/callbell/codec/decode-error.ts'
import { decodeError } from '../../../../src/callbell/codec/decode-error.ts'

function about(parameter: string[], message: string): FieldError {
  return { parameter, message }
}

test.each<[unknown, FieldError[]]>([
  [{ error: 'not authorized' }, [about([], 'not authorized')]],
  [
    { error: { team_uuid: ['must be present and not empty', 'is odd'] } },
    [about(['team_uuid'], 'must be present and not empty'), about(['team_uuid'], 'is odd')],
  ],
  [{ error: { name: 'is too long' } }, [about(['name'], 'is too long')]],
  [
    { error: { custom_fields: { Age: ['must be a string'] } } },
    [about(['custom_fields', 'Age'], 'must be a string')],
  ],
  [{ error: ['one', 'two'] }, [about([], 'one'), about([], 'two')]],
  [{ errors: [{ message: 'no' }] }, [about(['message'], 'no')]],
  [{ message: 'no' }, [about([], 'no')]],
  [{ error: 'Bad Request', message: 'name is odd' }, [about([], 'Bad Request'), about([], 'name is odd')]],
  [{ code: 'limit_reached' }, [about([], 'limit_reached')]],
  [{ error: 'no', code: 'limit_reached' }, [about([], 'no')]],
  [{ error: 42 }, [about([], '42')]],
  [{ error: '  ' }, []],
  [{ error: null }, []],
  [{ status: 422 }, []],
  ['no', []],
  [[], []],
])('%j has the errors %j', (body, expected) => {
  expect(decodeError(JSON.stringify(body))).toEqual(expected)
})

test.each(['', 'Bad Gateway', '<html><body>502</body></html>', '\ufffd\ufffd'])(
  '%j is not valid JSON, and has no errors',
  (text) => {
    expect(decodeError(text)).toEqual([])
  },
)

test('a megabyte of errors is cut to fifty', () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`p${index}`, ['no']]))
  expect(decodeError(JSON.stringify({ error: many }))).toHaveLength(50)
})

function deep(open: string, close: string): string {
  return `{"error":${open.repeat(100_000)}"no"${close.repeat(100_000)}}`
}

test('deep nesting is not followed', () => {
  expect(decodeError(deep('[', ']'))).toEqual([])
  expect(decodeError(deep('{"a":', '}'))).toEqual([])
})

test('any JSON gives errors with messages, and never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.jsonValue().map((error) => JSON.stringify({ error })),
      ),
      (text) => {
        for (const { message } of decodeError(text)) expect(message.trim()).not.toBe('')
      },
    ),
  )
})
