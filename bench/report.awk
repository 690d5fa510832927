# SPDX-License-Identifier: Apache-2.0
# Medians, ratios and aims from the lines "TOPOLOGY N CONTENDER METRIC VALUE" that bench/run collects.

{
  key = $1 " " $2 " " $3 " " $4
  values[key] = values[key] " " $5
  if (!(($1 " " $2) in seen) && $1 != "-") { seen[$1 " " $2] = 1; groups[++group_count] = $1 " " $2 }
}

function median(key,    list, n, i, j, t) {
  n = split(values[key], list, " ")
  if (n == 0) return -1
  for (i = 2; i <= n; ++i) {
    t = list[i] + 0
    for (j = i - 1; j >= 1 && list[j] + 0 > t; --j) list[j + 1] = list[j]
    list[j + 1] = t
  }
  return n % 2 ? list[(n + 1) / 2] + 0 : (list[n / 2] + list[n / 2 + 1]) / 2
}

function ms(value) { return value < 0 ? "-" : sprintf(value < 100 ? "%.1f" : "%.0f", value) }
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
  aim("pairs 1000 up, netrig/floor, at most 1.0", ratio(median(p "netrig up"), median(p "floor up")), 1.0)
  aim("pairs 1000 up, iproute2/netrig, at least 7", ratio(median(p "iproute2 up"), median(p "netrig up")), 7, 1)
  aim("star 1000 up, netrig/floor, at most 0.9", ratio(median(s "netrig up"), median(s "floor up")), 0.9)
  aim("star 1000 gone, netrig/floor, at most 0.6", ratio(median(s "netrig gone"), median(s "floor gone")), 0.6)
  t = median("- 0 netrig startup")
  aim("start-up (drivers list), below 10 ms", t < 0 ? "-" : sprintf("%.2f", t), 10)
  split("pairs star", labs, " ")
  for (l = 1; l <= 2; ++l)
    for (size = 1000; size <= 10000; size *= 10) {
      rss = median(labs[l] " " size " netrig rss")
      limit = size == 1000 ? 64 : 512
      aim(labs[l] " " size " up, resident set, below " limit " MiB", rss < 0 ? "-" : sprintf("%.1f", rss / 1024), limit)
    }
  if (aims == "") print "  (none of them was measured)"

  if (json == "") exit
  printf "{\n  \"machine\": \"%s\",\n  \"repeat\": %d,\n", machine, repeat > json
  printf "  \"aims\": [%s\n  ],\n  \"results\": [", aims > json
  for (key in values) {
    split(key, part, " ")
    if (values[key] == "") continue
    list = values[key]
    sub(/^ /, "", list)
    gsub(/ /, ", ", list)
    lab = part[1] == "-" ? "null" : "\"" part[1] "\""
    unit = part[4] == "rss" ? "KiB" : "ms"
    printf "%s\n    {\"lab\": %s, \"size\": %d, \"contender\": \"%s\", ", sep, lab, part[2], part[3] > json
    printf "\"what\": \"%s\", \"unit\": \"%s\", \"median\": %.2f, ", part[4], unit, median(key) > json
    printf "\"values\": [%s]}", list > json
    sep = ","
  }
  printf "\n  ]\n}\n" > json
}
