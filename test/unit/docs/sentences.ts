/** Sentences, and the checks that each of them is short and uses the field's words. */

const mostWords = 30

/** Private words, and what to say instead. */
const forbidden: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\bmend(?:s|ed|ing)?\b/i, 'fix'],
  [/\b(?:told|tells?|telling)\b/i, 'report, log, know, say'],
  [/\b(?:is|are|was|were|be) away\b/i, 'is unreachable'],
  [/\b(?:left|leaves?|leaving) alone\b/i, 'the circuit is open; keeps'],
  [/\bthe line\b|\bin line\b/i, 'the queue'],
  [/\btakes? (?:his|its|their )?turns?\b|\b(?:its|their) turn\b/i, 'permit, one at a time'],
  [/\bpaces?\b/i, 'rate limit'],
  [/\ba text\b|\btexts\b/i, 'a string'],
  [/\b(?:is|are|has) no (?:JSON|cursor|HTTP|e-mail|number|GraphQL)\b|\bno JSON\b/i, 'is not valid …'],
  [/\bso many\b/i, 'n'],
  [/\bwho(?:ever|soever)\b/i, 'a client that'],
  [/\bcomes? to the same\b/i, 'is idempotent'],
  [/\b(?:made|make|makes|asked) again\b/i, 'retried'],
  [/\bone after the other\b/i, 'consecutive'],
  [/\bgood for a link\b/i, 'safe to put in a URL'],
  [/\bthe thing itself\b/i, 'the contact, the message'],
  [/\bin words of\b|\bwords? of (?:ours|theirs)\b|\bown words?\b/i, 'a fixed message'],
  [/\bstrangers?\b/i, 'unauthenticated clients'],
  [/\bunder way\b/i, 'in flight'],
  [/\b(?:can be|can.t be|cannot be|to be) had\b/i, 'available'],
  [/\bnobody can\b/i, 'unknown'],
  [/\bas it comes\b/i, 'with defaults'],
  [/\b(?:a look|looks)\b(?! up)/i, 'a lookup, verifies, checks'],
  [/\bwhat became of\b/i, 'the outcome of'],
  [/\blet in\b|\bturned away\b/i, 'accepted, rejected'],
  [/\bgone on with\b/i, 'continued'],
  [/\bdearest\b/i, 'most expensive'],
  [/\blanes?\b/i, 'path'],
  [/\bdoors?\b/i, 'authentication, the endpoint'],
  [/\b(?:hogs?|newcomers?)\b/i, 'a busy caller, another caller'],
  [/\bmerciful|\bforgives?\b/i, 'is strict, accepts'],
]

/** One sentence, with where it stands. */
export interface Sentence {
  readonly where: string
  readonly text: string
}

/** Splits a paragraph, an item, a heading or a cell. Code counts as one word. */
export function sentencesOf(where: string, paragraph: string): Sentence[] {
  const plain = paragraph
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/`[^`]+`/g, 'CODE')
    .replaceAll(/<[^>]+>/g, 'CODE')
    .replaceAll(/[*|]/g, ' ')
    .replaceAll(/\s+/g, ' ')
  return plain.split(/(?<=[.!?]["”)*]*) /).map((text) => ({ where, text: text.trim() }))
}

/** Splits a comment of code, where a tag, an item and an empty line begin a paragraph. */
export function sentencesOfComment(file: string, comment: string): Sentence[] {
  return comment
    .split(/\n\s*\n|\n(?=[ \t]*- )|(?=@\w+ )/)
    .flatMap((paragraph) => sentencesOf(file, paragraph))
}

function wordsOf(text: string): number {
  return text.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}

/** @returns the sentences that are too long, each with its place */
export const longOnes = (sentences: readonly Sentence[]): string[] =>
  sentences
    .filter(({ text }) => wordsOf(text) > mostWords)
    .map(({ where, text }) => `${where} (${wordsOf(text)} words): ${text}`)

/** @returns each private word, with its place and what to say instead */
export const privateWords = (sentences: readonly Sentence[]): string[] =>
  sentences.flatMap(({ where, text }) =>
    forbidden
      .filter(([words]) => words.test(text))
      .map(([words, instead]) => `${where}: "${words.exec(text)?.[0]}" → ${instead}: ${text}`),
  )
