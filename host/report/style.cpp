// SPDX-License-Identifier: Apache-2.0
#include "report/style.hpp"

#include <fmt/format.h>

#include <array>

#include "report/escape.hpp"

namespace netrig::report {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #f3f4f6; --line: #d0d7de; --dim: #57606a;
  --good: #1a7f37; --bad: #c0262d; --warn: #9a6700; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --soft: #161b22; --line: #30363d;
  --dim: #9198a1; --good: #3fb950; --bad: #f85149; --warn: #d29922; --link: #58a6ff; } }
body { margin: 0; color: var(--fg); background: var(--bg); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h4 { margin: 1rem 0 .25rem; } p { margin: .25rem 0; } a { color: var(--link); }
table { border-collapse: collapse; margin: .75rem 0; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { background: var(--soft); } .number { text-align: right; white-space: nowrap; }
.badge { font-size: .8rem; padding: .05rem .5rem; border-radius: 1rem; border: 1px solid; white-space: nowrap;
  vertical-align: middle; }
.badge.passed { color: var(--good); } .badge.failed, .badge.error { color: var(--bad); }
.badge.skipped, .badge.interrupted { color: var(--warn); }
.findings { border-left: 3px solid var(--bad); } .findings td:first-child { width: 6rem; color: var(--dim); }
.reason { color: var(--warn); } .where, small { color: var(--dim); }
details.test { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; padding: .2rem .9rem; }
details.test[open] { padding-bottom: .8rem; } summary { cursor: pointer; padding: .35rem 0; font-weight: 600; }
summary small { font-weight: 400; margin-left: .5rem; }
pre, code { font: 13px/1.45 ui-monospace, monospace; } pre { background: var(--soft); padding: .6rem; overflow-x: auto;
  border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; } code { overflow-wrap: anywhere; }
figure { margin: 1rem 0; overflow-x: auto; } figure.drawing svg { max-width: 100%; height: auto; }
figcaption { color: var(--dim); }
div.plot, div.wide { overflow-x: auto; } svg.plot { width: 100%; max-width: 860px; display: block; }
svg.plot text { fill: var(--dim); font: 11px system-ui, sans-serif; } svg.plot text.heading { fill: var(--fg); font-weight: 600; font-size: 13px; }
svg.plot .grid { stroke: var(--line); stroke-width: .5; } svg.plot .axis { stroke: var(--dim); }
svg.plot .range { fill: none; stroke: var(--fg); } svg.plot text.best { fill: var(--good); font-weight: 600; }
td.best { color: var(--good); font-weight: 600; } td small { display: block; font-weight: 400; }
svg.plot polyline { fill: none; stroke-width: 1.4; } svg.plot .lost { stroke: var(--bad); stroke-width: 1.2; }
svg.plot .event line { stroke: var(--warn); stroke-dasharray: 4 3; stroke-width: 1.4; }
svg.matrix rect.passed { fill: var(--good); } svg.matrix rect.failed, svg.matrix rect.error { fill: var(--bad); }
svg.matrix rect.skipped, svg.matrix rect.interrupted { fill: var(--warn); }
.key { color: var(--dim); font-size: .85rem; } .key span { margin-right: 1rem; white-space: nowrap; }
.key i { display: inline-block; width: .8rem; height: .2rem; margin-right: .3rem; vertical-align: middle; }
/* On a phone a row of tests is a paragraph; what is as wide as it is, is moved over. */
@media (max-width: 640px) {
  main { padding: .75rem; } h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
  table.tests, table.tests tbody { display: block; } table.tests thead { display: none; }
  table.tests tr { display: flex; flex-wrap: wrap; gap: .1rem .6rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  table.tests td { border: 0; padding: 0; overflow-wrap: anywhere; }
  table.tests td:first-child { flex-basis: 100%; font-weight: 600; } table.tests td:empty { display: none; }
  th, td { padding: .3rem .4rem; } td { overflow-wrap: anywhere; } div.wide td { overflow-wrap: normal; }
  .findings td:first-child { width: 4.5rem; }
  details.test { padding: .2rem .6rem; } summary small { display: block; margin: 0; overflow-wrap: anywhere; }
  svg.plot { width: 600px; max-width: none; } figure.drawing svg { max-width: none; }
}
)css";

// Told apart also by most who see few colours (Okabe and Ito's palette, darkened to be seen on white).
constexpr std::array<std::string_view, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#8c6d00", "#56b4e9", "#e69f00", "#7f7f7f"};

}  // namespace

std::string page_head(std::string_view title) {
  std::string style(kStyle);
  for (std::size_t i = 0; i < kColours.size(); ++i)
    style += fmt::format(
        "svg.plot polyline.s{0} {{ stroke: {1}; }} svg.plot circle.s{0}, svg.plot rect.b{0} {{ fill: {1}; }} "
        ".key i.k{0} {{ background: {1}; }}\n",
        i, kColours.at(i));
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      // Whatever a name or a command's output holds: the page runs nothing and fetches nothing.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      xml(title), style);
}

}  // namespace netrig::report
