import { builder } from '../builder.ts'

export const BotStatus = builder.enumType('BotStatus', {
  description: 'What to do with the bot of a conversation.',
  values: {
    START: { value: 'start', description: 'Let the bot answer.' },
    END: { value: 'end', description: 'Keep the bot out, or send it away.' },
  } as const,
})
