#!/bin/bash
# Runs a command on a Debian that has nothing but its base system, in a clean clone of this commit:
#
#   scripts/on_debian.sh [--mirror URL] 12|13 COMMAND...
#
# The Debian lies in a folder under TMPDIR for as long as the command runs, and takes some 6 GB.
# Packages come from where this machine's apt gets them, or from the mirror. Exit status: the
# command's; 2 bad usage, 3 this machine lacks something.
set -euo pipefail

fail() {
  echo "on_debian.sh: $2" >&2
  exit "$1"
}

# The first of the repositories that apt uses here whose address ends so.
apt_repository() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2> /dev/null |
    grep --max-count 1 --extended-regexp "/$1/?\$" || true
}

# Runs in namespaces of its own, whose mounts and processes end with it.
lay_and_run() {
  local work=$1 codename=$2 mirror=$3 security=$4 root=$1/root
  shift 4
  SECONDS=0
  debootstrap --variant=minbase --include=ca-certificates --keyring="$KEYRING" \
    "$codename" "$root" "$mirror" > "$work/debootstrap.log" 2>&1 || {
    tail --lines 20 "$work/debootstrap.log" >&2
    fail 3 "debootstrap cannot lay Debian $codename from $mirror"
  }
  {
    echo "deb $mirror $codename main"
    echo "deb $mirror $codename-updates main"
    [[ -z $security ]] || echo "deb $security $codename-security main"
  } > "$root/etc/apt/sources.list"
  apt-config dump | grep --extended-regexp '^Acquire::https?::Proxy ' \
    > "$root/etc/apt/apt.conf.d/proxy" || true
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/speed"  # nothing here is to outlive a crash
  mv "$work/clone" "$root/alert-bench"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  mount -t tmpfs tmpfs "$root/dev/shm"
  echo "on_debian.sh: Debian $codename lies there after $SECONDS s" >&2

  SECONDS=0
  local status=0
  chroot "$root" /usr/bin/env --ignore-environment HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    sh -c 'cd /alert-bench && exec "$@"' sh "$@" || status=$?
  echo "on_debian.sh: $*: exit status $status after $SECONDS s" >&2
  return "$status"
}

mirror=
if [[ ${1:-} == --mirror ]]; then
  mirror=${2:-}
  shift $(( $# < 2 ? $# : 2 ))
fi
case ${1:-} in
  12) codename=bookworm ;;
  13) codename=trixie ;;
  *) fail 2 "usage: on_debian.sh [--mirror URL] 12|13 COMMAND...; found release \"${1:-}\"" ;;
esac
shift
(( $# )) || fail 2 "which command is to run there?"
(( EUID == 0 )) || fail 3 "needs root, for debootstrap and chroot: sudo scripts/on_debian.sh ..."
[[ -n $(type -P debootstrap) ]] || fail 3 "debootstrap is missing: apt-get install debootstrap"
export KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -e $KEYRING ]] || fail 3 "$KEYRING is missing: apt-get install debian-archive-keyring"
: "${mirror:=$(apt_repository debian)}"
[[ -n $mirror ]] || fail 3 "apt here uses no Debian repository: name one with --mirror URL"

repository=$(dirname "${BASH_SOURCE[0]}")/..
[[ -z $(git -C "$repository" status --porcelain) ]] ||
  echo "on_debian.sh: what is not committed is left out" >&2

work=$(mktemp --directory --tmpdir on_debian.XXXXXX)
inside=
clean_up() {
  # With the first process of the namespaces all others in them end, and so do the mounts.
  if [[ -n $inside ]]; then
    kill -KILL $(< "/proc/$inside/task/$inside/children") || kill -KILL "$inside" || true
    wait "$inside" || true
  fi
  rm --recursive --force --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

git clone --quiet --depth 1 "file://$(realpath "$repository")" "$work/clone"
export -f fail lay_and_run
unshare --mount --pid --fork --kill-child bash -euo pipefail -c 'lay_and_run "$@"' bash \
  "$work" "$codename" "$mirror" "$(apt_repository debian-security)" "$@" <&0 &
inside=$!
status=0
wait "$inside" || status=$?
inside=
exit "$status"
