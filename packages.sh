#!/bin/sh
# Prints the Debian packages of the groups named ("build", "test"...), from packages.txt: apt-get install $(./packages.sh build)
set -eu
directory=$(dirname "$0")
for group in "$@"; do
  awk -v group="$group" '$1 == group { print $2 }' "$directory/packages.txt"
done | sort -u
