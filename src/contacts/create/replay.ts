/** The answer to a key that is repeated after a success. */
import { CallbellError } from '../../domain/callbell-error.ts'
import { ContactsError, failedRead } from '../attempts/failure.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'
import type { CreateCall } from './attempt-create.ts'

/**
 * Restores what was created from the record. If the record holds only a reference, Callbell is read once for
 * the present state.
 *
 * @throws ContactsError with the outcome `APPLIED`: the code of the failed read, which may be retried, or
 *   `CONTACT_GONE` if Callbell no longer has what was created
 */
export async function replay<Made>(
  record: IdempotencyRecord & { state: 'CREATED' | 'REFERENCED' },
  { creation, context }: CreateCall<Made>,
): Promise<Made> {
  if (record.state === 'CREATED') return creation.restore(record.contact)
  const attempt = { context, queueBy: context.deadline, respondBy: context.deadline }
  const made = await read(() => creation.reference?.read(record.reference, attempt))
  if (made) return made
  throw new ContactsError('CONTACT_GONE', 'Callbell no longer has the reference of a record', {
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
