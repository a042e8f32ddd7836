/** The errors of the gateway in the client, compared with those that the gateway has. */
import { readFileSync } from 'node:fs'
import { expect, expectTypeOf, test } from 'vitest'
import { gatewayErrorCodes, isGatewayError } from '../../../src/client/index.ts'
import type { CallbellErrorCode } from '../../../src/domain/callbell-error.ts'
import type { FailureCode } from '../../../src/contacts/attempts/failure.ts'
import type { GatewayErrorCode } from '../../../src/client/index.ts'
import type { RequestErrorCode } from '../../../src/graphql/request-error.ts'

test('the client has every code of the error table, of requests and of the errors page', () => {
  const [, ...chapters] = readFileSync('docs/errors.md', 'utf8').split(/^## (?=Codes )/m)
  const headings = chapters.flatMap((chapter) =>
    [...chapter.matchAll(/^### (\w+)$/gm)].map(([, code]) => code),
  )
  expect(headings.length).toBeGreaterThan(20)
  expectTypeOf<CallbellErrorCode | FailureCode | RequestErrorCode>().toExtend<GatewayErrorCode>()
  expect(new Set<string | undefined>(gatewayErrorCodes)).toEqual(new Set(headings))
})

const extensions = { code: 'OVERLOADED', retryable: true, requestId: 'r1' }

test.each<[unknown, boolean]>([
  [{ message: 'Wait.', extensions }, true],
  [{ message: 'Wait.', extensions: { ...extensions, code: 'A_LATER_CODE' } }, true],
  [Object.assign(new Error('Wait.'), { extensions }), true],
  [{ extensions }, false],
  [{ message: 'Wait.', extensions: { code: 'OVERLOADED' } }, false],
  [{ message: 'Wait.', extensions: { ...extensions, retryable: 'true' } }, false],
  [{ message: 'Wait.', extensions: null }, false],
  [{ message: 'Wait.' }, false],
  [new TypeError('fetch failed'), false],
  ['Wait.', false],
  [null, false],
  [undefined, false],
])('%j is an error of the gateway: %s', (error, expected) => {
  expect(isGatewayError(error)).toBe(expected)
})
