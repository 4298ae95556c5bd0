"""The style sheet of the report: one column, light and dark by the viewer's choice, black on white in print."""

STYLE = """
:root {
  --paper: #fbfbf9; --card: #ffffff; --ink: #1c2024; --soft: #5a626b; --rule: #d9dce0; --track: #e9ebee;
  --good: #1a7f45; --look: #9a6200; --redo: #b3261e;
  --good-paper: #e8f5ec; --look-paper: #fdf3dc; --redo-paper: #fcebe9;
  --performer: #1f6fb2; --character: #c8500a; --shade: #5a626b22; --held: #7a5cc822;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2024; --ink: #e8eaed; --soft: #a3abb4; --rule: #343a41; --track: #2b3138;
    --good: #5fcf8c; --look: #f0b84a; --redo: #ff8a80;
    --good-paper: #14301f; --look-paper: #35290d; --redo-paper: #3a1714;
    --performer: #6cb6ff; --character: #ffa15c; --shade: #a3abb433; --held: #b9a3ff2b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1320px; margin: 0 auto; padding: 28px 32px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 44px 0 6px; }
h3 { font-size: 16px; margin: 18px 0 4px; }
p { margin: 4px 0 10px; max-width: 80ch; }
a { color: var(--performer); }
.about { color: var(--soft); margin-bottom: 20px; max-width: none; }
.soft { color: var(--soft); font-size: 14px; }

.verdict { border-left: 8px solid; border-radius: 8px; padding: 16px 22px; margin: 18px 0 8px; }
.verdict.good { border-color: var(--good); background: var(--good-paper); }
.verdict.look { border-color: var(--look); background: var(--look-paper); }
.verdict.redo { border-color: var(--redo); background: var(--redo-paper); }
.verdict h2 { margin: 0 0 6px; font-size: 21px; }
.verdict ul { list-style: none; margin: 0; padding: 0; }
.verdict li { padding: 2px 0; display: flex; gap: 10px; align-items: baseline; }
.sign {
  display: inline-block; flex: none; min-width: 76px; padding: 1px 8px; border: 1px solid currentColor;
  border-radius: 9px; font-size: 12px; font-weight: 700; text-align: center; white-space: nowrap;
}
.sign.good, td.good { color: var(--good); }
.sign.look, td.look { color: var(--look); }
.sign.redo, td.redo { color: var(--redo); }

.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--column, 300px), 1fr)); gap: 12px; }
figure { margin: 0; }
figure img { display: block; max-width: 100%; height: auto; border-radius: 4px; background: var(--track); }
figcaption { font-size: 13px; color: var(--soft); padding-top: 3px; }
.regions { display: grid; grid-template-columns: repeat(auto-fill, minmax(400px, 1fr)); gap: 20px 28px; }
.regions table { width: 100%; }
.regions caption { color: var(--ink); font-weight: 600; font-size: 15px; }
.regions td, .regions th { border: 0; padding: 3px 4px; }
.regions img {
  display: block; width: 100%; max-width: 128px; aspect-ratio: 1; object-fit: cover; border-radius: 4px;
}

.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 14px; padding-bottom: 4px; white-space: nowrap; }
th, td { text-align: left; padding: 5px 18px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: middle; }
th { font-weight: 600; font-size: 14px; white-space: nowrap; }
td.number, th.number { text-align: right; }
.cards {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 14px 44px; align-items: start;
}

.measure {
  background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 8px 16px 10px;
  margin: 10px 0; break-inside: avoid;
}
.measure h3 { margin: 2px 0 2px; display: flex; gap: 14px; align-items: baseline; }
.key { font-size: 14px; color: var(--soft); display: flex; gap: 18px; flex-wrap: wrap; }
.key i {
  display: inline-block; width: 26px; height: 0; border-top: 3px solid; vertical-align: middle; margin-right: 6px;
}
.key .box { width: 16px; height: 12px; border: 1px solid var(--rule); }
.performer i { border-color: var(--performer); }
.character i { border-color: var(--character); }
svg.chart { width: 100%; height: auto; display: block; overflow: visible; }
svg.bar-chart { width: 200px; height: 16px; display: block; }
.line { fill: none; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.line.performer { stroke: var(--performer); stroke-width: 2.4; }
.line.character { stroke: var(--character); stroke-width: 1.5; }
.thin .line { stroke-width: 1.1; }
.line.loss { stroke: var(--performer); stroke-width: 1.6; }
.check { fill: var(--performer); }
.grid { stroke: var(--rule); stroke-width: 1; }
.tick { fill: var(--soft); font-size: 11px; }
rect.no-face { fill: var(--shade); }
rect.held-out { fill: var(--held); }
.track { fill: var(--track); }
.bar.good { fill: var(--good); }
.bar.bad { fill: var(--look); }
.mark { stroke: var(--ink); stroke-width: 2; }
details { margin: 10px 0; }
summary { cursor: pointer; font-weight: 600; }
pre {
  background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 12px 16px; overflow-x: auto;
  font: 13px/1.45 ui-monospace, SFMono-Regular, Consolas, "Liberation Mono", monospace;
}
@media (max-width: 700px) {
  main { padding: 16px; }
  .cards, .regions, .strip { grid-template-columns: 1fr; }
  caption { white-space: normal; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #bbb; --track: #e4e4e4;
    --good: #1a7f45; --look: #8a5700; --redo: #b3261e; --good-paper: #fff; --look-paper: #fff; --redo-paper: #fff;
    --performer: #1f6fb2; --character: #c8500a; --shade: #00000018; --held: #7a5cc822;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 22px; }
  h2, section > p, .key { break-after: avoid; }
  figure, tr, .verdict, .wide { break-inside: avoid; }
  .strip { grid-template-columns: repeat(3, 1fr); }
  .regions { grid-template-columns: 1fr 1fr; gap: 8px; }
  .regions img { max-width: 70px; }
  th, td { padding-right: 10px; }
  th, caption { white-space: normal; }
  .wide { overflow: visible; }
  .cards { grid-template-columns: 1fr 1fr; gap: 8px 24px; }
}
"""
