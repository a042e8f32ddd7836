/** Any well-formed text, and the names that JavaScript takes for its own. */
import fc from 'fast-check'

/** fast-check's own unit `binary` takes two seconds to be made. */
const anyCharacter = fc
  .nat({ max: 0x10_f7_ff })
  // Without the 2,048 halves of surrogate pairs.
  .map((number) => String.fromCodePoint(number < 0xd8_00 ? number : number + 0x8_00))
const ascii = fc.string({ unit: 'binary-ascii', maxLength: 1, minLength: 1 })

export function arbitraryText({
  maxLength = 100,
}: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: fc.oneof(anyCharacter, ascii), maxLength, size: 'small' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'),
    },
  )
}
