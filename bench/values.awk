# SPDX-License-Identifier: Apache-2.0
# The lines "TOPOLOGY N CONTENDER WHAT VALUE" that bench/run collects, by their first four words, and what is made of many
# values of one kind. The other scripts say what is shown.

{
  key = $1 " " $2 " " $3 " " $4
  values[key] = values[key] " " $5
  if (!(($1 " " $2) in seen) && $1 != "-") { seen[$1 " " $2] = 1; groups[++group_count] = $1 " " $2 }
}

# Sorts list[1]...list[n].
function sort(list, n,    i, j, t) {
  for (i = 2; i <= n; ++i) {
    t = list[i] + 0
    for (j = i - 1; j >= 1 && list[j] + 0 > t; --j) list[j + 1] = list[j]
    list[j + 1] = t
  }
}

# Of a sorted list; between two values in proportion.
function quantile(list, n, share,    at, low) {
  at = 1 + (n - 1) * share
  low = int(at)
  return low == n ? list[n] + 0 : list[low] + (at - low) * (list[low + 1] - list[low])
}

# Of all values of one kind; -1: there are none.
function median(key,    list, n) {
  n = split(values[key], list, " ")
  if (n == 0) return -1
  sort(list, n)
  return quantile(list, n, 0.5)
}

function ms(value) { return value < 0 ? "-" : sprintf(value < 100 ? "%.1f" : "%.0f", value) }

# A JSON object of every single value; `aims` are the members of an array that were made already.
function write_json(file, aims,    key, part, list, separator) {
  printf "{\n  \"machine\": \"%s\",\n  \"repeat\": %d,\n", machine, repeat > file
  printf "  \"aims\": [%s\n  ],\n  \"results\": [", aims > file
  for (key in values) {
    if (values[key] == "") continue
    split(key, part, " ")
    list = values[key]
    sub(/^ /, "", list)
    gsub(/ /, ", ", list)
    printf "%s\n    {\"lab\": %s, \"size\": %d, \"contender\": \"%s\", ", separator,
      part[1] == "-" ? "null" : "\"" part[1] "\"", part[2], part[3] > file
    printf "\"what\": \"%s\", \"unit\": \"%s\", \"median\": %.2f, ", part[4], part[4] == "rss" ? "KiB" : "ms",
      median(key) > file
    printf "\"values\": [%s]}", list > file
    separator = ","
  }
  printf "\n  ]\n}\n" > file
}
