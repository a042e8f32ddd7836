import { builder } from '../builder.ts'

export const ContactSource = builder.enumType('ContactSource', {
  description: 'The kind of channel that a contact comes from.',
  values: {
    WHATSAPP: { value: 'whatsapp', description: 'WhatsApp: the identifier is a phone number.' },
    FACEBOOK: { value: 'facebook', description: 'Facebook Messenger.' },
    INSTAGRAM: { value: 'instagram', description: 'Instagram direct messages.' },
    TELEGRAM: { value: 'telegram', description: 'Telegram.' },
  } as const,
})
