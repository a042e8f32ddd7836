/** Draws the cost of each server as a bar: an SVG that is readable on light and on dark. Pure. */
import type { Spread } from './statistics.ts'

export interface Bar {
  readonly title: string
  /** As ratios to the first that is always there. */
  readonly ratio: Spread
  readonly isOurs: boolean
}

const width = 760
const labelWidth = 250
const barHeight = 20
const rowHeight = 34
const top = 44
/** For the figure behind the longest bar. */
const right = 60

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const round = (value: number): string => String(Math.round(value * 10) / 10)

/** Colours follow the reader's: a picture in a page sees what the page's reader prefers. */
const style = `
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600 }
    .bar { fill: #8c959f }
    .ours { fill: #0969da }
    .whisker { stroke: #1f2328; stroke-width: 1.5 }
    .base { stroke: #1f2328; stroke-dasharray: 3 3; stroke-opacity: 0.6 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .bar { fill: #6e7681 }
      .ours { fill: #2f81f7 }
      .whisker, .base { stroke: #e6edf3 }
    }
  `

function renderBar({ title, ratio, isOurs }: Bar, row: number, scale: (value: number) => number): string {
  const y = top + row * rowHeight
  const middle = y + barHeight / 2
  const [low, high] = [round(scale(ratio.min)), round(scale(ratio.max))]
  const whisker = [`M${low} ${middle}H${high}`, `M${low} ${middle - 5}v10`, `M${high} ${middle - 5}v10`].join(
    '',
  )
  return `
  <text class="${isOurs ? 'title' : 'label'}" x="${labelWidth - 10}" y="${middle + 5}" text-anchor="end">${escape(title)}</text>
  <rect class="${isOurs ? 'bar ours' : 'bar'}" x="${labelWidth}" y="${y}" width="${round(scale(ratio.median) - labelWidth)}" height="${barHeight}" rx="2"/>
  <path class="whisker" d="${whisker}"/>
  <text x="${round(scale(ratio.max) + 8)}" y="${middle + 5}">${ratio.median.toFixed(1)}</text>`
}

/** @param bars from top to bottom */
export function renderChart(heading: string, bars: readonly Bar[]): string {
  const largest = Math.max(1, ...bars.map(({ ratio }) => ratio.max))
  const scale = (value: number): number => labelWidth + (value / largest) * (width - labelWidth - right)
  const height = top + bars.length * rowHeight + 4
  const base = round(scale(1))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(heading)}">
  <style>${style}</style>
  <text class="title" x="10" y="22">${escape(heading)}</text>${bars.map((bar, row) => renderBar(bar, row, scale)).join('')}
  <path class="base" d="M${base} ${top - 8}V${height - 4}"/>
</svg>
`
}
