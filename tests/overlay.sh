# For shell scripts of tests, which are in a mount namespace of their own: a machine that can be written to and forgets it.
# $place: a directory of the script's own.

skip() { echo "SKIPPED: $1"; exit 77; }

# Runs the script anew in mount and network namespaces of its own, with NETRIG_TEST_PLACE set, and removes the place at the end.
enter_ground() {
  [ -z "${NETRIG_TEST_PLACE:-}" ] || return 0
  [ "$(id -u)" = 0 ] || skip "needs root, for mounts and namespaces"
  unshare -m -n true 2>/dev/null || skip "this machine allows no mount and network namespaces"
  NETRIG_TEST_PLACE=$(mktemp -d)
  export NETRIG_TEST_PLACE
  trap 'rm -rf "$NETRIG_TEST_PLACE"' EXIT
  unshare -m -n --propagation private "$@" || exit "$?"
  exit 0
}

# Gives netrig its own empty ground, and memory for what overlays are written.
prepare_ground() {
  mkdir -p "$place/changes" /run/netns /run/netrig
  for ground in "$place/changes" /var/log /run/netns /run/netrig; do mount -t tmpfs -o mode=0755 tmpfs "$ground"; done
  ip link set lo up
}

# overlay DIRECTORY [UPON]: what is written to it goes to memory; UPON: a directory whose content covers what is there.
overlay() {
  changes=$place/changes/$(echo "$1" | tr / _)
  mkdir -p "$changes/upper" "$changes/work"
  mount -t overlay overlay "$1" -o "lowerdir=${2:+$2:}$1,upperdir=$changes/upper,workdir=$changes/work" 2>/dev/null ||
    skip "this machine's kernel has no overlayfs over $1"
}

# forget_installations BUILD, an overlay: uninstalling would take what was installed before along, also what other tests have.
forget_installations() { rm -f "$1"/install_manifest*.txt; }
