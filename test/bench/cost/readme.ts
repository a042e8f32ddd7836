/** Puts a report between the README's two marks. */
export const begin = '<!-- bench:begin -->'
export const end = '<!-- bench:end -->'

/** @throws where the marks are not there, once each and in this order */
export function replaceReport(readme: string, report: string): string {
  const [before, rest, ...others] = readme.split(begin)
  const [, after, ...more] = rest?.split(end) ?? []
  if (before === undefined || after === undefined || others.length + more.length > 0) {
    throw new Error(`README.md must have ${begin} and, after it, ${end}, once each`)
  }
  return `${before}${begin}\n\n${report}\n\n${end}${after}`
}
