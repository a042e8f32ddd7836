/** Names, numbers and greetings in many languages and scripts, for seeded contacts. */

/** A list that is not empty. */
export type NonEmptyList = readonly [string, ...string[]]

export interface Locale {
  /** The prefix of a mobile number, and the groups of the digits after it. */
  readonly phone: readonly [prefix: string, groups: readonly [number, ...number[]]]
  readonly given: NonEmptyList
  readonly family: NonEmptyList
  readonly isFamilyFirst?: true
  readonly street: string
  readonly greeting: string
  readonly answer: string
}

export const locales: readonly [Locale, ...Locale[]] = [
  {
    phone: ['+39 34', [1, 3, 4]],
    given: ['Giulia', 'Matteo', 'Niccolò', 'Chiara'],
    family: ['Ferrari', 'D’Angelo', 'Bianchi', 'De Luca'],
    street: 'Via Garibaldi',
    greeting: 'Buongiorno, il mio ordine è già partito?',
    answer: 'Sì, arriva domani 📦',
  },
  {
    phone: ['+34 6', [2, 3, 3]],
    given: ['Lucía', 'Iñaki', 'José María', 'Begoña'],
    family: ['García Núñez', 'Muñoz', 'Etxeberria', 'Peña'],
    street: 'Calle de Alcalá',
    greeting: '¡Hola! ¿A qué hora cerráis hoy?',
    answer: 'Hoy cerramos a las 20:00.',
  },
  {
    phone: ['+49 151 ', [3, 5]],
    given: ['Jürgen', 'Anke', 'Zoë', 'Björn'],
    family: ['Müller-Lüdenscheidt', 'Weiß', 'Schröder', 'von der Heide'],
    street: 'Große Bergstraße',
    greeting: 'Guten Tag, ich hätte gern einen Termin.',
    answer: 'Passt Ihnen Dienstag um 9 Uhr?',
  },
  {
    phone: ['+33 6 ', [2, 2, 2, 2]],
    given: ['Éloïse', 'François', 'Maëlle', 'Jean-Baptiste'],
    family: ['Lefèvre', 'd’Haussonville', 'Œuvrard', 'Garçon'],
    street: 'Rue de la Paix',
    greeting: 'Bonjour, quel est le prix de l’abonnement ?',
    answer: 'Il est gratuit le premier mois.',
  },
  {
    phone: ['+55 11 9', [4, 4]],
    given: ['João', 'Conceição', 'Luís', 'Inês'],
    family: ['da Conceição', 'Gonçalves', 'Araújo', 'Simões'],
    street: 'Avenida Paulista',
    greeting: 'Oi! Vocês entregam em São Paulo?',
    answer: 'Entregamos sim 😊',
  },
  {
    phone: ['+48 60', [1, 3, 3]],
    given: ['Małgorzata', 'Łukasz', 'Zbigniew', 'Żaneta'],
    family: ['Wójcik', 'Brzęczyszczykiewicz', 'Śliwa', 'Żółć'],
    street: 'ulica Świętokrzyska',
    greeting: 'Dzień dobry, czy mogę zmienić adres?',
    answer: 'Oczywiście, już zmieniam.',
  },
  {
    phone: ['+30 69', [2, 3, 3]],
    given: ['Ελένη', 'Γιώργος', 'Άννα', 'Οδυσσέας'],
    family: ['Παπαδοπούλου', 'Νικολαΐδης', 'Οικονόμου', 'Ζωγράφος'],
    street: 'Οδός Ερμού',
    greeting: 'Καλημέρα, είστε ανοιχτά σήμερα;',
    answer: 'Ναι, μέχρι τις 9.',
  },
  {
    phone: ['+380 67 ', [3, 2, 2]],
    given: ['Олена', 'Юрій', 'Ґанна', 'Софія'],
    family: ['Шевченко', 'Їжакевич', 'Коваль', 'Мар’яненко'],
    street: 'вулиця Хрещатик',
    greeting: 'Доброго дня! Коли буде доставка?',
    answer: 'Завтра до обіду.',
  },
  {
    phone: ['+966 5', [1, 3, 4]],
    given: ['أحمد', 'فاطمة', 'محمد', 'نور'],
    family: ['الغامدي', 'بن سعود', 'الزهراني', 'حداد'],
    street: 'شارع الملك فهد',
    greeting: 'مرحبا، هل المنتج متوفر؟',
    answer: 'نعم، متوفر الآن (رقم 42).',
  },
  {
    phone: ['+972 52-', [3, 4]],
    given: ['שרה', 'יוסף', 'נועה', 'אבי'],
    family: ['כהן', 'לוי', 'בן־דוד', 'מזרחי'],
    street: 'רחוב דיזנגוף',
    greeting: 'שלום, מתי אתם פתוחים?',
    answer: 'כל יום עד 18:00.',
  },
  {
    phone: ['+81 90-', [4, 4]],
    given: ['陽子', '健太', 'さくら', 'ユウキ'],
    family: ['佐藤', '渡邉', '髙橋', '小鳥遊'],
    isFamilyFirst: true,
    street: '東京都千代田区',
    greeting: 'こんにちは。在庫はありますか？',
    answer: 'はい、ございます。',
  },
  {
    phone: ['+86 138 ', [4, 4]],
    given: ['伟', '秀英', '子轩', '芳'],
    family: ['王', '欧阳', '李', '诸葛'],
    isFamilyFirst: true,
    street: '南京东路',
    greeting: '你好，可以退货吗？',
    answer: '可以，七天之内。',
  },
  {
    phone: ['+91 98', [3, 5]],
    given: ['प्रिया', 'अर्जुन', 'कृष्णा', 'ज्योति'],
    family: ['शर्मा', 'सिंह', 'त्रिपाठी', 'श्रीवास्तव'],
    street: 'महात्मा गांधी मार्ग',
    greeting: 'नमस्ते, क्या छूट मिलेगी?',
    answer: 'जी हाँ, दस प्रतिशत।',
  },
]

/** Names that users choose for themselves. */
export const nicknames: NonEmptyList = [
  '🌸 Sakura 🌸',
  '👨‍👩‍👧‍👦',
  'xX_dark.wolf_Xx',
  'Ann "the Plumber" O’Neill',
  'Jose\u0301 (decomposed)',
  'ليلى Smith 🇮🇹',
  '<b>Bold & Co.</b>',
  "Robert'); DROP TABLE contacts;--",
  '𝓕𝓪𝓷𝓬𝔂',
  '0039',
  'A',
  'Wolfeschlegelsteinhausenbergerdorff Hubert Blaine the Third of Philadelphia and Hamburg',
]

export const notes: NonEmptyList = [
  'Prefers to be called in the afternoon.',
  'Paid by bank transfer.\nAsk for the invoice number first.',
  'Ne parle que français 🇫🇷',
  'عميل مهم — VIP',
  '- 2 × pizza\n- 1 × “Birra”\n\ttable 7',
]
