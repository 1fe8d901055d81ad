"""The look of a drift report: follows the reader's light or dark setting, and prints."""

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --dim: #5d6673; --line: #d8dde3; --soft: #f0f2f5;
  --r: #8a97a8; --c: #0b6bcb; --hot: #b93a0a; --calm: #5d6673; --on: #fff }
@media (prefers-color-scheme: dark) { :root { --bg: #14181d; --fg: #e4e8ed; --dim: #98a3b0; --line: #333b45;
  --soft: #222932; --r: #77859a; --c: #58a6ff; --hot: #ff8a4c; --calm: #98a3b0; --on: #14181d } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.25rem 4rem; background: var(--bg); color: var(--fg);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 .25rem }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem }
h3 { font-size: 1rem; margin: 0 }
p { margin: .4rem 0 }
.dim { color: var(--dim) }
.hot { color: var(--hot); fill: var(--hot) }
.calm { color: var(--calm); fill: var(--calm) }
ul.words { padding-left: 1.2rem }
.words li { margin: .2rem 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left }
th { color: var(--dim); font-weight: 500 }
td.n, th.n { text-align: right; white-space: nowrap }
td.name { font-weight: 600; max-width: 16rem; overflow-wrap: anywhere }
svg.effect { width: 120px; height: 12px; display: block }
svg .track { fill: var(--soft) }
svg .mark { stroke: var(--fg); stroke-width: 1.5 }
article { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; margin: .75rem 0;
  break-inside: avoid }
h1, h3, p, li { overflow-wrap: anywhere }
svg.bins { width: 100%; max-width: 42rem; height: auto; margin-top: .5rem }
svg text { fill: var(--fg); font-size: 12px; font-family: inherit }
svg .share { fill: var(--dim); font-size: 11px }
svg .r { fill: var(--r) }
svg .c { fill: var(--c) }
.key span { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; border-radius: 2px;
  vertical-align: -.08rem }
.key .r { background: var(--r) }
.key .c { background: var(--c); margin-left: 1rem }
ul.plain { margin: 0; padding: 0; list-style: none }
.found td { vertical-align: top }
.found td.sign { white-space: nowrap }
.found td:last-child { min-width: 11rem }
td code { font-size: .85em; background: var(--soft); padding: .1rem .35rem; border-radius: 3px;
  overflow-wrap: anywhere }
.heat { font-size: .8rem }
.heat td, .heat th { padding: .25rem .3rem }
.heat td, .heat thead th { text-align: center }
.heat td.l1 { --hot: #f6ddd0; --on: #1b1f24 }
.heat td.l2 { --hot: #ebb597; --on: #1b1f24 }
.heat td.l3 { --hot: #cf6433; --on: #fff }
.heat td.l4 { --hot: #a33106; --on: #fff }
.heat th { white-space: nowrap }
.heat td.on { background: var(--hot); color: var(--on); font-weight: 600 }
details > summary { cursor: pointer; padding: .3rem 0 }
@media print { html { font-size: 11px } body { max-width: none; padding: 0; font-size: 1rem }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact } }
"""
