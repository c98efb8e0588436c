/** How the page looks: on a screen by day and by night, and on paper. */
import { toneStyles } from "./palette.ts";

const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const MONO = 'ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace';

const RULES = `
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 ${SANS};font-variant-numeric:tabular-nums;
  -webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main{max-width:49rem;margin:0 auto;padding:4.5rem 2rem 6rem}
header p{margin:0}
.kind{color:var(--accent);font-size:.8125rem;font-weight:600;letter-spacing:.04em}
h1{margin:.25rem 0 .75rem;font-size:2.5rem;font-weight:650;line-height:1.15;letter-spacing:-.02em}
.purpose{color:var(--muted);font-size:1.1875rem;line-height:1.5;max-width:38rem}
h2{margin:0 0 .5rem;font-size:1.375rem;font-weight:620;line-height:1.3;letter-spacing:-.01em}
section{margin-top:4.5rem}
section>p{margin:0 0 1.75rem;color:var(--muted);max-width:40rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:2rem 1.75rem;margin:3rem 0 0;
  padding-top:1.75rem;border-top:1px solid var(--line)}
.figures dt{color:var(--muted);font-size:.875rem}
.figures dt::first-letter{text-transform:uppercase}
.figures dd{margin:0}
.figures .value{font-size:1.75rem;font-weight:600;line-height:1.35;letter-spacing:-.02em}
.figures .note{color:var(--muted);font-size:.8125rem;line-height:1.45}
.warnings{margin-top:3rem;padding:1.25rem 1.5rem;border-left:3px solid var(--accent);background:var(--track)}
.warnings h2{font-size:1rem;margin:0 0 .375rem}
.warnings ul{margin:0;padding-left:1.125rem}
.warnings li{margin:.25rem 0}
.scroll{overflow-x:auto}
.plot{display:block;width:100%;min-width:34rem;height:auto}
.plot text{font:12px ${MONO};fill:var(--ink)}
.plot .figure{fill:var(--muted)}
table{width:100%;margin-top:2rem;border-collapse:collapse;font-size:.875rem;line-height:1.45}
caption{padding-bottom:.5rem;color:var(--muted);text-align:left;font-size:.8125rem}
th,td{padding:.5rem 1.25rem .5rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
  font-weight:400;overflow-wrap:anywhere}
thead th{color:var(--muted);font-size:.8125rem;white-space:nowrap}
th.right,td.right{padding-left:.5rem;text-align:right;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
@media print{
  body{font-size:10.5pt}
  main{max-width:none;padding:0}
  section{margin-top:2.25rem}
  h2,caption{break-after:avoid}
  tr,.figures>div,.warnings{break-inside:avoid}
  thead{display:table-header-group}
  .scroll{overflow:visible}
  .plot{min-width:0;max-width:100%}
  .plot,.warnings{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;

/** The style sheet. Nothing in it depends on a model. */
export function pageStyles(): string {
  return toneStyles() + RULES;
}
