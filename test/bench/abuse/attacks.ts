/** Every attack, in the order of the report. */
import type { Attack } from './attack.ts'
import { answerAttacks } from './attacks/answers.ts'
import { bodyAttacks } from './attacks/bodies.ts'
import { callAttacks } from './attacks/calls.ts'
import { connectionAttacks } from './attacks/connections.ts'
import { credentialAttacks } from './attacks/credentials.ts'
import { documentAttacks } from './attacks/documents.ts'
import { doorAttacks } from './attacks/doors.ts'
import { inputAttacks } from './attacks/inputs.ts'
import { storeAttacks } from './attacks/store.ts'

export const attacks: readonly Attack[] = [
  ...answerAttacks,
  ...bodyAttacks,
  ...connectionAttacks,
  ...inputAttacks,
  ...documentAttacks,
  ...callAttacks,
  ...storeAttacks,
  ...credentialAttacks,
  ...doorAttacks,
]
