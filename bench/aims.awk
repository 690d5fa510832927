# SPDX-License-Identifier: Apache-2.0
# The rows of the table `aims` that were chosen (in the file `rows`): medians of both sides, and median and quartiles of the
# ratios of those that ran in the same repeat. After values.awk.

function short(value) { return sprintf(value < 0.1 ? "%.4f" : value < 10 ? "%.3f" : "%.1f", value) }

# CONTENDER:WHAT of a lab as a key of values.
function key_of(lab, size, word) {
  sub(/:/, " ", word)
  return lab " " size " " word
}

function side(word, key) {
  if (word == "-") return ""
  sub(/:/, " ", word)
  return word ~ / rss$/ ? word : word " " ms(median(key)) " ms"
}

END {
  printf "%s; medians of %d pairs, each run in turn\n\n", machine, repeat
  printf "%-15s %-24s %-22s %8s  %-16s %8s\n", "row", "measured", "against", "ratio", "quartiles", "at most"
  while ((getline line < rows) > 0) {
    split(line, field, " ")
    mine = key_of(field[3], field[2], field[4])
    other = key_of(field[3], field[2], field[5])
    n = split(values[mine], measured, " ")
    split(values[other], against, " ")
    for (i = 1; i <= n; ++i) share[i] = field[5] == "-" ? measured[i] / 1024 : measured[i] / against[i]
    sort(share, n)
    middle = quantile(share, n, 0.5)
    low = short(quantile(share, n, 0.25))
    high = short(quantile(share, n, 0.75))
    met = middle <= field[6] + 0
    printf "%-15s %-24s %-22s %8s  %-16s %8s  %s\n", field[1] " " field[2], side(field[4], mine), side(field[5], other),
      short(middle), low ".." high, field[6], !field[7] ? "(the aim is for another size)" : met ? "met" : "missed"
    said = said sprintf("%s\n    {\"row\": \"%s\", \"size\": %d, \"measured\": \"%s\", \"against\": \"%s\", ", separator_of_rows,
      field[1], field[2], field[4], field[5])
    said = said sprintf("\"median\": %s, \"quartiles\": [%s, %s], \"at_most\": %s, \"met\": %s}", short(middle), low, high,
      field[6], !field[7] ? "null" : met ? "true" : "false")
    separator_of_rows = ","
  }
  if (repeat < 15) printf "\nThe aims are for at least 15 pairs.\n"
  if (json != "") write_json(json, said)
}
