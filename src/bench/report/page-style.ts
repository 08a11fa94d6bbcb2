/**
 * The look of the page: light and dark as the reader's system is, light on paper. Nothing is wider than a screen of
 * 360 pixels: charts and tables scroll in boxes of their own.
 */
import type { DriverStyle } from './driver-style.ts';

/** The style sheet of a report with these drivers. */
export function pageStyle(styles: ReadonlyMap<string, DriverStyle>): string {
  const colors = (paper: 'light' | 'dark'): string =>
    [...styles.values()].map((style, i) => `--driver-${String(i)}:${style[paper]};`).join('');
  return `
:root { color-scheme: light; --page: #f5f6f8; --card: #ffffff; --text: #1b1f24; --quiet: #57606a; --line: #dde1e6; --good: #1a6b3c; --bad: #b3261e; --bad-card: #fdf0ef; ${colors('light')} }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --page: #0e1013; --card: #15181d; --text: #e7eaee; --quiet: #9aa4b0; --line: #2c323a; --good: #63c98d; --bad: #ff8a80; --bad-card: #2a1716; ${colors('dark')} }
}
${rules}`;
}

const rules = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; overflow-wrap: anywhere; }
main { max-width: 1400px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 48px 0 4px; font-size: 22px; line-height: 1.25; letter-spacing: -0.005em; }
h3 { margin: 0 0 8px; font-size: 16px; line-height: 1.35; }
p { margin: 4px 0 12px; max-width: 75ch; }
code { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.quiet, .unit { color: var(--quiet); }
.unit { font-weight: normal; font-size: 0.875em; }
.lede { margin: 20px 0; font-size: 20px; line-height: 1.4; }
.lede strong { white-space: nowrap; }
.grid { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 540px), 1fr)); align-items: start; margin: 16px 0; }
.card { min-width: 0; margin: 0; padding: 18px 20px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.flow { columns: 2 540px; column-gap: 20px; margin-top: 16px; }
.flow > * { break-inside: avoid; margin-bottom: 20px; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--driver-0); outline-offset: 4px; }
.chart svg { display: block; width: 100%; min-width: 440px; max-width: 600px; height: auto; margin: 0 auto; }
figcaption { margin-top: 8px; color: var(--quiet); font-size: 14px; }
figcaption p, .card p { margin: 4px 0 0; }
.legend { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 8px 0 0; padding: 10px 0; list-style: none; font-size: 14px; background: var(--page); }
.legend li { display: flex; align-items: center; gap: 6px; min-width: 0; }
.legend svg { flex: none; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
.means { width: auto; margin-top: 10px; }
th, td { padding: 2px 0 2px 20px; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td[colspan] { padding-left: 0; text-align: left; }
thead th { color: var(--quiet); font-weight: 500; }
tbody th { font-weight: 500; }
.block th { padding: 12px 0 4px; font-weight: 600; }
tbody + tbody .block th { border-top: 1px solid var(--line); }
tbody tr:last-child > * { padding-bottom: 10px; }
.wide { position: sticky; left: 0; width: fit-content; max-width: min(100%, calc(100vw - 58px)); white-space: normal; }
.verdict { display: inline-block; margin-left: 8px; font-size: 13px; font-weight: 500; }
.met { color: var(--good); }
.missed, .failed td { color: var(--bad); }
.alarm { border-color: var(--bad); background: var(--bad-card); }
.alarm h3 { color: var(--bad); }
ul.plain { margin: 0; padding-left: 18px; }
dl { display: grid; grid-template-columns: minmax(0, max-content) minmax(0, 1fr); gap: 4px 16px; margin: 0; font-size: 14px; }
dt { color: var(--quiet); }
dd { margin: 0; }
@media (max-width: 640px) {
  main { padding: 20px 14px 48px; }
  h1 { font-size: 25px; }
  h2 { margin-top: 36px; font-size: 20px; }
  .lede { font-size: 18px; }
  .card { padding: 14px; }
  .legend { position: static; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
}
@media print {
  :root { --page: #ffffff; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  .legend { position: static; }
  .grid { display: block; }
  .flow { columns: 1; }
  .card { margin-bottom: 14px; padding: 0; border: 0; }
  figure, tbody, .alarm { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  .chart svg { min-width: 0; max-width: 620px; margin: 0; }
}
`;
