#!/bin/sh
# A vendor builds a driver in plain C, against an SDK that was configured and installed alone, from its folder and nothing
# else, and netrig loads it.
# usage: out_of_tree.sh BUILD_DIRECTORY SOURCE_DIRECTORY
set -eu
build=$1 source=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -r "$source/sdk" "$place/sdk"
cmake -S "$place/sdk" -B "$place/sdk-build" -DCMAKE_INSTALL_PREFIX="$place/installed" >/dev/null
cmake --install "$place/sdk-build" >/dev/null
mkdir "$place/vendor"
cp "$source/tests/abi/c_driver.c" "$place/vendor/"
cat >"$place/vendor/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(vendor LANGUAGES C)
find_package(netrig REQUIRED)
netrig_add_driver(cveth SOURCES c_driver.c)
END
cmake -S "$place/vendor" -B "$place/build" -DCMAKE_PREFIX_PATH="$place/installed" >/dev/null
cmake --build "$place/build" >/dev/null
printf '[plugins]\ndirectories = ["%s/build"]\nanchor = "%s"\n' "$place" "$place" >"$place/host.toml"
chmod go-w "$place/host.toml" "$place/build" "$place/build/cveth.so"
"$build/netrig" --host-config "$place/host.toml" drivers show cveth | grep 'veth in plain C'
