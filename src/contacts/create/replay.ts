/** What a key that is repeated after a success is answered with. */
import { CallbellError } from '../../domain/callbell-error.ts'
import { ContactsError, failedRead } from '../attempts/failure.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'
import type { CreateCall } from './attempt-create.ts'

/**
 * Takes what was made from the record. Where that holds only a reference, Callbell is asked once for what
 * it holds now.
 *
 * @throws ContactsFailure with the outcome `APPLIED`: the failed read with its own code, which may be
 *   repeated, or `CONTACT_GONE` where Callbell no longer has what was made
 */
export async function replay<Made>(
  record: IdempotencyRecord & { state: 'CREATED' | 'REFERENCED' },
  { creation, context }: CreateCall<Made>,
): Promise<Made> {
  if (record.state === 'CREATED') return creation.restore(record.contact)
  const attempt = { context, queueBy: context.deadline, respondBy: context.deadline }
  const made = await read(() => creation.reference?.read(record.reference, attempt))
  if (made) return made
  throw new ContactsError('CONTACT_GONE', 'the reference of a record leads to nothing', {
    outcome: 'APPLIED',
    retryable: false,
  })
}

async function read<T>(call: () => T): Promise<Awaited<T>> {
  try {
    return await call()
  } catch (error) {
    const failure = error instanceof CallbellError ? failedRead(error) : error
    if (!(failure instanceof ContactsError)) throw error
    const { code, message, retryAfterMs } = failure
    throw new ContactsError(code, message, {
      outcome: 'APPLIED',
      retryable: true,
      retryAfterMs,
      cause: error,
    })
  }
}
