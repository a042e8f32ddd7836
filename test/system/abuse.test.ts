/** Heavy attacks of `npm run bench:abuse` against a gateway with a heap of 256 MB. */
import { expect, inject, onTestFinished, test } from 'vitest'
import { attacks } from '../bench/abuse/attacks.ts'
import { measureAttack, startUpstream } from '../bench/abuse/measure.ts'

/** Bounds of the resident memory in MiB, for a machine that receives all that an attack sends. */
test.each([
  ['unfinished-bodies', 600],
  ['endless-body-401', 400],
  ['new-documents', 500],
  ['aliased-strings', 600],
  ['long-strings', 600],
  ['slow-readers', 1000],
  ['foreign-condition', 500],
])('the gateway survives %s with at most %i MiB', { timeout: 180_000 }, async (name, maxMebibytes) => {
  const attack = attacks.find((one) => one.name === name)
  if (attack === undefined) throw new Error(`there is no attack ${name}`)
  const upstream = await startUpstream()
  onTestFinished(upstream.end)
  const measured = await measureAttack(attack, {
    upstreamUrl: upstream.url,
    seconds: 2,
    main: inject('main'),
  })
  expect(measured.ending).toBeUndefined()
  expect(measured.peak).toBeLessThan(maxMebibytes)
  // The measurement only counts if the gateway answered correctly before the attack.
  expect(measured.before.wrong).toEqual({})
})
