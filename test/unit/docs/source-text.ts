/**
 * Finds the comments and the strings of TypeScript sources. It knows as much of the language as that takes:
 * comments, strings, templates and regular expressions.
 */

export interface SourceText {
  /** Each without its marks. Comments of one line that follow each other are one. */
  readonly comments: readonly string[]
  /** Strings and templates. Each expression in a template is replaced by `…`. */
  readonly strings: readonly string[]
  /** Those of the strings that are titles of tests. */
  readonly titles: readonly string[]
}

const token =
  /\/\*(?<block>[^]*?)\*\/|\/\/(?<line>[^\n]*)|'(?<single>(?:\\[^]|[^'\\\n])*)'|"(?<double>(?:\\[^]|[^"\\\n])*)"|(?<other>[`{}])|(?<slash>\/)/y
/** A regular expression, where an operand may begin. */
const pattern = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y
/** Before a slash: it is a division. */
const endOfOperand = /[\w$)\]}'"`]\s*$/
/** Before a title, as in `test('a title', …)` and `test.each(cases)('a title', …)`. */
const startOfTitle = /(?:(?<![.\w])(?:test|describe)(?:\.\w+)*|\))\(\s*$/
const keyword = /\b(?:return|typeof|case|in|of|await|yield|do|else)\s*$/

export function readSourceText(source: string): SourceText {
  const comments: { text: string; isLine: boolean; end: number }[] = []
  const strings: string[] = []
  const titles: string[] = []
  /** For each template around the position: where it begins, its text so far, and the depth of braces in its expression. */
  const templates: { start: number; text: string; depth: number }[] = []
  let position = 0

  function addString(text: string, start: number): void {
    strings.push(text)
    if (startOfTitle.test(source.slice(Math.max(0, start - 60), start))) titles.push(text)
  }

  function readTemplate(): void {
    const template = templates.at(-1)
    if (template === undefined) return
    while (position < source.length) {
      const character = source[position] ?? ''
      position += 1
      if (character === '`') {
        addString(template.text, template.start)
        templates.pop()
        return
      }
      if (character === '$' && source[position] === '{') {
        position += 1
        template.text += '…'
        return
      }
      if (character === '\\') position += 1
      template.text += character === '\\' ? escaped(source[position - 1]) : character
    }
  }

  function readOther(mark: string, start: number): void {
    const template = templates.at(-1)
    if (mark === '`') {
      templates.push({ start, text: '', depth: 0 })
      readTemplate()
    } else if (template && mark === '{') {
      template.depth += 1
    } else if (template && mark === '}') {
      if (template.depth === 0) readTemplate()
      else template.depth -= 1
    }
  }

  function addComment(text: string, isLine: boolean, start: number): void {
    const last = comments.at(-1)
    const isNext = isLine && last?.isLine && /^\n[ \t]*$/.test(source.slice(last.end, start))
    if (isNext) Object.assign(last, { text: `${last.text}\n${text}`, end: position })
    else comments.push({ text, isLine, end: position })
  }

  while (position < source.length) {
    token.lastIndex = position
    const start = position
    const { block, line, single, double, other, slash } = token.exec(source)?.groups ?? {}
    if (slash !== undefined) {
      const before = source.slice(Math.max(0, start - 20), start)
      pattern.lastIndex = start
      const isDivision = endOfOperand.test(before) && !keyword.test(before)
      position = isDivision || !pattern.test(source) ? start + 1 : pattern.lastIndex
      continue
    }
    const hasToken = [block, line, single, double, other].some((group) => group !== undefined)
    position = hasToken ? token.lastIndex : start + 1
    if (block !== undefined) addComment(block.replaceAll(/^[ \t]*\*+ ?/gm, ''), false, start)
    if (line !== undefined) addComment(line, true, start)
    const text = single ?? double
    if (text !== undefined)
      addString(
        text.replaceAll(/\\([^])/g, (_all, letter) => escaped(letter)),
        start,
      )
    if (other !== undefined) readOther(other, start)
  }
  return { comments: comments.map(({ text }) => text), strings, titles }
}

function escaped(letter = ''): string {
  return letter === 'n' || letter === 'r' || letter === '\n' ? '\n' : letter
}
