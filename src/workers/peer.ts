/** Questions and answers between two processes, whatever carries their messages. */
import { z } from 'zod'

export interface Channel {
  /** What can't be sent is lost. */
  send(message: object): void
  receive(listener: (message: unknown) => void): void
}

/** @returns the answer; what it throws, the other process is told the words of */
export type Answer = (question: unknown) => unknown

/** @throws (rejects) if the other process refuses, or does not answer in time */
export type Ask = (question: object, patienceMs?: number) => Promise<unknown>

/** Another process that takes longer is as good as gone. */
const usualPatienceMs = 1000
/**
 * Patience is counted in steps: where this process itself was held up, that is one step, and the
 * answer, which has come meanwhile, is read before the next.
 */
const stepMs = 100

const messageForm = z.union([
  z.object({ asked: z.number(), question: z.unknown() }),
  z.object({ answered: z.number(), answer: z.unknown() }),
  z.object({ refused: z.number(), reason: z.string() }),
])

interface Open {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
  stepsLeft: number
}

/** @param answer answers what the other process asks */
export function createPeer(channel: Channel, answer: Answer): Ask {
  const open = new Map<number, Open>()
  let asked = 0
  let timer: NodeJS.Timeout | undefined

  function step(): void {
    for (const [id, question] of open) {
      question.stepsLeft -= 1
      if (question.stepsLeft < 0) take(id)?.reject(new Error('the other process does not answer'))
    }
  }

  function take(id: number): Open | undefined {
    const question = open.get(id)
    open.delete(id)
    if (open.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
    return question
  }

  async function reply(id: number, question: unknown): Promise<void> {
    try {
      channel.send({ answered: id, answer: await answer(question) })
    } catch (error) {
      channel.send({ refused: id, reason: error instanceof Error ? error.message : String(error) })
    }
  }

  channel.receive((message) => {
    const { success, data } = messageForm.safeParse(message)
    if (!success) return
    // An answer that comes too late has nobody to tell.
    if ('asked' in data) void reply(data.asked, data.question)
    else if ('answered' in data) take(data.answered)?.resolve(data.answer)
    else take(data.refused)?.reject(new Error(data.reason))
  })

  return (question, patienceMs = usualPatienceMs) =>
    new Promise((resolve, reject) => {
      asked += 1
      open.set(asked, { resolve, reject, stepsLeft: Math.ceil(patienceMs / stepMs) })
      timer ??= setInterval(step, stepMs).unref()
      channel.send({ asked, question })
    })
}
