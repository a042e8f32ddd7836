/** Requests of the lock of an identity, and the locks of one replica. */
import { createIdentityLocks } from '../../src/contacts/locks/identity-locks.ts'
import type { IdentityLocks } from '../../src/contacts/locks/identity-locks.ts'
import type { IdentityRequest } from '../../src/contacts/locks/shared-identity-lock.ts'
import type { Store } from '../../src/store/store.ts'
import { createLog } from '../../src/telemetry/log.ts'

const log = createLog({ level: 'silent', secrets: [] })
export const options = { resendAfterMs: 60_000, ttlMs: 3_600_000 }

export function identityRequest(token: string, change: Partial<IdentityRequest> = {}): IdentityRequest {
  return {
    identity: 'whatsapp 39',
    token,
    isKeyed: true,
    isRepeat: false,
    caller: 'one',
    deadline: performance.now() + 10_000,
    ...change,
  }
}

export function locksOn(store: Store, change: Partial<typeof options> = {}): IdentityLocks {
  return createIdentityLocks(store, log, { ...options, ...change })
}
