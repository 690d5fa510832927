# SPDX-License-Identifier: Apache-2.0
# Medians, their ratios, and the aims that are not rows of the table `aims`. After values.awk.

function ratio(a, b) { return a < 0 || b <= 0 ? "-" : sprintf("%.2f", a / b) }

function aim(text, value, limit, more_is_better) {
  if (value == "-") return
  met = more_is_better ? value + 0 >= limit : value + 0 <= limit
  printf "  %-62s %10s   %s\n", text, value, met ? "met" : "missed"
  if (aims != "") aims = aims ","
  aims = aims sprintf("\n    {\"aim\": \"%s\", \"value\": %s, \"met\": %s}", text, value, met ? "true" : "false")
}

END {
  printf "%s; medians of %d, milliseconds\n\n", machine, repeat
  printf "%-6s %6s %-5s %10s %10s %10s %10s %14s %16s\n", "lab", "size", "what", "floor", "drop", "netrig", "iproute2",
    "netrig/floor", "iproute2/netrig"
  split("up down gone", metrics, " ")
  for (g = 1; g <= group_count; ++g) {
    split(groups[g], part, " ")
    for (m = 1; m <= 3; ++m) {
      what = metrics[m]
      f = median(groups[g] " floor " what); d = median(groups[g] " drop " what)
      n = median(groups[g] " netrig " what); i = median(groups[g] " iproute2 " what)
      printf "%-6s %6d %-5s %10s %10s %10s %10s %14s %16s\n", part[1], part[2], what, ms(f), ms(d), ms(n), ms(i),
        ratio(n, f), ratio(i, n)
    }
  }
  for (g = 1; g <= group_count; ++g) {
    split(groups[g], part, " ")
    rss = median(groups[g] " netrig rss")
    if (rss > 0) printf "%slargest resident set of netrig up, %s: %.1f MiB", g == 1 ? "\n" : "", groups[g], rss / 1024
    if (rss > 0) printf ", %.2f ms a namespace\n", median(groups[g] " netrig up") / part[2]
  }

  p = "pairs 1000 "; s = "star 1000 "
  printf "\naims\n"
  aim("pairs 1000 up, iproute2/netrig, at least 7", ratio(median(p "iproute2 up"), median(p "netrig up")), 7, 1)
  aim("star 1000 gone, netrig/floor, at most 0.6", ratio(median(s "netrig gone"), median(s "floor gone")), 0.6)
  t = median("- 0 netrig startup")
  aim("start-up (drivers list), below 10 ms", t < 0 ? "-" : sprintf("%.2f", t), 10)
  split("pairs star", labs, " ")
  for (l = 1; l <= 2; ++l) {
    rss = median(labs[l] " 1000 netrig rss")
    aim(labs[l] " 1000 up, resident set, below 64 MiB", rss < 0 ? "-" : sprintf("%.1f", rss / 1024), 64)
  }
  if (aims == "") print "  (none of them was measured)"

  if (json != "") write_json(json, aims)
}
