/** Changes the state of a conversation. All changes but the start of a bot are idempotent. */
import type { CallbellClient } from '../../callbell/client.ts'
import type { Bot, BotStatus, Contact } from '../../domain/contact.ts'
import type { MutationResult } from './mutation-result.ts'
import { tryMutation } from './mutation-result.ts'
import { problemsOfUuid } from '../rules/input-rules.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attempts } from '../attempts/attempts.ts'
import { idempotentPolicy, unverifiedPolicy } from '../attempts/policies.ts'

export interface ContactTarget {
  readonly uuid: string
}

/** @throws ContactsError */
export function closeConversation(
  callbell: CallbellClient,
  { uuid }: ContactTarget,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  return tryMutation(problemsOfUuid(uuid), () =>
    attempts(idempotentPolicy, context, (attempt) => callbell.closeConversation(uuid, attempt)),
  )
}

/** @throws ContactsError */
export function openConversation(
  callbell: CallbellClient,
  { uuid }: ContactTarget,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  return tryMutation(problemsOfUuid(uuid), () =>
    attempts(idempotentPolicy, context, (attempt) => callbell.openConversation(uuid, attempt)),
  )
}

/** @throws ContactsError */
export function moveToFunnel(
  callbell: CallbellClient,
  { uuid, funnelUuid }: ContactTarget & { readonly funnelUuid: string },
  context: CallContext,
): Promise<MutationResult<Contact>> {
  const problems = [...problemsOfUuid(uuid), ...problemsOfUuid(funnelUuid, 'funnelUuid')]
  // A 404 of Callbell does not say which of the two is missing.
  return tryMutation(
    problems,
    () => attempts(idempotentPolicy, context, (attempt) => callbell.moveToFunnel(uuid, funnelUuid, attempt)),
    null,
  )
}

/**
 * The end of a bot is idempotent. It is unknown whether a bot that is started twice greets the customer twice.
 *
 * @throws ContactsError
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
