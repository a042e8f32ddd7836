/** Changing where a conversation stands. All but the start of a bot is idempotent. */
import type { CallbellClient } from '../../callbell/client.ts'
import type { Bot, BotStatus, Contact } from '../../domain/contact.ts'
import type { MutationResult } from '../rules/mutation-result.ts'
import { tryMutation, problemsOfUuid } from '../rules/mutation-result.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attempts } from '../attempts/attempts.ts'
import { idempotentPolicy, unverifiedPolicy } from '../attempts/policies.ts'

export interface ContactTarget {
  readonly uuid: string
}

/** @throws ContactsFailure */
export function closeConversation(
  callbell: CallbellClient,
  { uuid }: ContactTarget,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  return tryMutation(problemsOfUuid(uuid), () =>
    attempts(idempotentPolicy, context, (attempt) => callbell.closeConversation(uuid, attempt)),
  )
}

/** @throws ContactsFailure */
export function openConversation(
  callbell: CallbellClient,
  { uuid }: ContactTarget,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  return tryMutation(problemsOfUuid(uuid), () =>
    attempts(idempotentPolicy, context, (attempt) => callbell.openConversation(uuid, attempt)),
  )
}

/** @throws ContactsFailure */
export function moveToFunnel(
  callbell: CallbellClient,
  { uuid, funnelUuid }: ContactTarget & { readonly funnelUuid: string },
  context: CallContext,
): Promise<MutationResult<Contact>> {
  const problems = [...problemsOfUuid(uuid), ...problemsOfUuid(funnelUuid, 'funnelUuid')]
  // Callbell does not say which of the two it does not find.
  return tryMutation(
    problems,
    () => attempts(idempotentPolicy, context, (attempt) => callbell.moveToFunnel(uuid, funnelUuid, attempt)),
    null,
  )
}

/**
 * Ending a bot is idempotent. Whether a bot that is started twice greets the customer twice, nobody knows.
 *
 * @throws ContactsFailure
 */
export function setBotStatus(
  callbell: CallbellClient,
  { uuid, status }: ContactTarget & { readonly status: BotStatus },
  context: CallContext,
): Promise<MutationResult<Bot>> {
  const policy = status === 'start' ? unverifiedPolicy : idempotentPolicy
  return tryMutation(problemsOfUuid(uuid), () =>
    attempts(policy, context, (attempt) => callbell.setBotStatus(uuid, status, attempt)),
  )
}
