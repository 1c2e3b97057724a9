"""The style sheet of the report: one column, system fonts, the colours of the figures."""

from __future__ import annotations

STYLE = """
:root { --paper: #f6f7f9; --card: #fff; --ink: #1c2128; --muted: #5b6570; --rule: #e0e4e9; --accent: #0b546e;
  --warn: #b23c06; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --card: #161b22; --ink: #e6edf3; --muted: #9aa5b1; --rule: #2d343d; --accent: #7cc4dc;
    --warn: #ff9a63; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font-size: 16px; line-height: 1.55;
  font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 72px; }
header { margin-bottom: 28px; }
.kicker { margin: 0; color: var(--accent); font-size: 14px; font-weight: 600; letter-spacing: .02em; }
h1 { margin: 2px 0 20px; font-size: clamp(26px, 5vw, 38px); line-height: 1.15; letter-spacing: -.02em;
  overflow-wrap: anywhere; }
h2 { margin: 0 0 14px; font-size: 20px; letter-spacing: -.01em; }
h3 { margin: 0 0 6px; font-size: 15px; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 14px; padding: 24px; margin-top: 20px;
  }
.facts { display: flex; flex-wrap: wrap; gap: 14px 36px; margin: 0; }
dt { color: var(--muted); font-size: 13px; }
dd { margin: 0; font-size: 18px; font-weight: 600; overflow-wrap: anywhere; }
.note, .none, figcaption { color: var(--muted); font-size: 14px; }
.note { margin: -6px 0 14px; max-width: 75ch; }
.scroll + .note { margin-top: 10px; }
.none { margin: 0; }
figure { margin: 0; }
figcaption { padding-top: 6px; }
img { display: block; width: 100%; height: auto; border-radius: 8px; }
figure img { border: 1px solid var(--rule); background: #fff; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 24px;
  align-items: start; }
.pair figure { max-width: 640px; }
.moments { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 200px), 240px)); gap: 14px; }
.moments img { image-rendering: pixelated; }
.warned:empty { display: none; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(30%, 108px), 1fr)); gap: 14px 12px; }
.sheet img { image-rendering: pixelated; }
.sheet figcaption { font-size: 13px; font-variant-numeric: tabular-nums; padding-top: 3px; }
#controls { display: flex; gap: 12px; align-items: center; margin-top: 10px; }
#controls[hidden] { display: none; }
#controls input { flex: 1; min-width: 0; accent-color: var(--accent); }
#controls button, .tile { font: inherit; color: var(--ink); cursor: pointer; }
#controls button { min-width: 84px; padding: 6px 12px; background: var(--paper); border: 1px solid var(--rule);
  border-radius: 8px; }
.tile { padding: 0; border: 0; background: none; text-align: left; font-size: 13px;
  font-variant-numeric: tabular-nums; color: var(--muted); }
.tile img { border: 1px solid var(--rule); margin-bottom: 3px; }
.tile:hover img { border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h3 + .warned { margin: 0 0 10px; }
.scroll + h3 { margin-top: 26px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 24px 40px;
  align-items: start; }
.columns > div { min-width: 0; }
.scroll { overflow-x: auto; }
.scroll picture img { min-width: 620px; border-radius: 0; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; }
th { color: var(--muted); font-size: 13px; font-weight: 500; text-align: left; white-space: nowrap; }
th, td { padding: 7px 18px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr:last-child td { border-bottom: 0; }
.columns td:first-child { color: var(--muted); white-space: nowrap; }
.columns td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 14px/1.6 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; }
.command { margin: 0 0 22px; padding: 14px 16px; background: var(--paper); border-radius: 8px; }
details { margin-top: 14px; }
summary { color: var(--accent); cursor: pointer; font-size: 14px; padding: 4px 0; }
.warned { margin: 14px 0 0; padding-left: 20px; color: var(--warn); font-size: 14px; }
@media (max-width: 560px) {
  main { padding: 24px 12px 40px; }
  section { padding: 18px 16px; border-radius: 10px; }
  .facts { gap: 12px 26px; }
  .stacked thead { display: none; }
  .stacked tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--rule); }
  .stacked tr:last-child { border-bottom: 0; }
  .stacked td { display: flex; justify-content: space-between; gap: 16px; padding: 2px 0; border: 0;
    white-space: normal; overflow-wrap: anywhere; text-align: right; }
  .stacked td::before { content: attr(data-name); flex: none; color: var(--muted); }
  .stacked td:empty { display: none; }
}
@media print { body { background: none; } section { break-inside: avoid; border: 0; padding: 0; } }
"""
