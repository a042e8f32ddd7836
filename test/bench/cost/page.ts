/** Puts a report between the two marks of a page. */
export const begin = '<!-- bench:begin -->'
export const end = '<!-- bench:end -->'

/** The two marks of a report. Default: those of `npm run bench`. */
export interface Marks {
  readonly begin: string
  readonly end: string
}

/** @throws where the marks are not there, once each and in this order */
export function replaceReport(page: string, report: string, marks: Marks = { begin, end }): string {
  const [before, rest, ...others] = page.split(marks.begin)
  const [, after, ...more] = rest?.split(marks.end) ?? []
  if (before === undefined || after === undefined || others.length + more.length > 0) {
    throw new Error(`The page must have ${marks.begin} and, after it, ${marks.end}, once each`)
  }
  return `${before}${marks.begin}\n\n${report}\n\n${marks.end}${after}`
}
