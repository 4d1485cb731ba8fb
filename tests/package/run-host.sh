#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: run-host.sh host | desktop SUITE AGENT POLICY
#
# The packages in a fresh Debian of their own. host: with libvirt and QEMU inside and a real guest; desktop: only what
# the program asks for itself. Everything runs in namespaces and ends with the test. Skips, with the reason, where no
# Debian can be made.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../script/lib/common.sh"

readonly HERE=$KVMM_SOURCE/tests/package

skip ()
{
  echo "1..0 # SKIP $*"
  exit 0
}

# inside WORK: in the namespaces. The root is a layer over the one that is kept.
inside ()
{
  local work=$1 root=$1/root

  mount -t tmpfs -o mode=755 tmpfs "$work"
  mkdir -p "$work"/{upper,layer,root,private,x11}
  mount -t overlay overlay -o "lowerdir=$KVMM_TEST_ROOT,upperdir=$work/upper,workdir=$work/layer" "$root"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mkdir -p "$root$work/private" "$root/tmp/.X11-unix" "$root/run/lock" "$root/var/cache/apt/archives/partial"
  mount --bind "$work/private" "$root$work/private"
  # The display is ours, its socket is in both.
  mkdir -p /tmp/.X11-unix
  mount --bind "$work/x11" /tmp/.X11-unix
  mount --bind "$work/x11" "$root/tmp/.X11-unix"
  chmod 1777 "$work/private" "$work/x11" "$root/tmp"
  # What was fetched once stays for the next time.
  mount --bind "$KVMM_TEST_ARCHIVES" "$root/var/cache/apt/archives"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  mkdir -p "$root/packages"
  cp -R "$KVMM_TEST_NEWER" "$root/packages/newer"
  cp -R "$KVMM_TEST_OLDER" "$root/packages/older"

  export KVMM_PRIVATE_DIR=$work/private KVMM_LIBVIRT_CONTROL=/dev/null KVMM_TEST_ROOT=$root
  export KVMM_LIBVIRT_URI="qemu:///system?socket=$root/run/libvirt/libvirt-sock"
  # Not exec: the first process of the namespace has to bury QEMUs, whose end libvirt would wait for else.
  /usr/bin/python3 -B "$HERE/test-host.py"
}

main ()
{
  local kind=$1 suite=$2 agent=$3 policy=$4 folder log status=0 root debs work

  [ "$(uname -m)" = x86_64 ] || skip "the guest is for x86_64, this is $(uname -m)"
  [ "$(id -u)" = 0 ] || skip "only root can make a Debian root"
  for tool in Xvfb xdotool import busybox dpkg-buildpackage unshare; do
    have "$tool" || skip "$tool is not installed"
  done
  folder=$MESON_BUILD_ROOT/tests/package/$kind-$suite
  export KVMM_TEST_IMAGE=$MESON_BUILD_ROOT/tests/package/image KVMM_TEST_SCREENSHOT=$folder.png KVMM_TEST_KIND=$kind
  export KVMM_GUEST_KERNEL=${KVMM_GUEST_KERNEL:-$MESON_BUILD_ROOT/guest/kernel}
  log=$folder.log
  mkdir -p "$folder"
  root=$("$HERE/roots.sh" "$kind" "$suite" 2>"$log") || status=$?
  [ $status != 77 ] || skip "$(tail -n 1 "$log")"
  [ $status = 0 ] || { cat "$log" >&2; exit 1; }
  if [ "$kind" = host ] && ! "$KVMM_SOURCE/script/lib/guest-image.sh" "$KVMM_TEST_IMAGE" >/dev/null 2>"$log"; then
    [ ! -e "$KVMM_GUEST_KERNEL/kept/vmlinuz" ] || { cat "$log" >&2; exit 1; }
    skip "no kernel for the guest: $(tail -n 1 "$log")"
  fi
  debs=$("$HERE/packages.sh" deb first) || die "the .deb packages were not built"
  "$HERE/older.sh" "$debs" "$agent" "$policy" "$folder/older" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

  export KVMM_TEST_ROOT=$root KVMM_TEST_ARCHIVES=${root%/*}/archives-$suite
  export KVMM_TEST_NEWER=$debs KVMM_TEST_OLDER=$folder/older
  # Short: the names of sockets are below it.
  work=$(mktemp -d /tmp/kvmm.XXXXXX)
  unshare --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$work" || status=$?
  rmdir "$work"
  exit $status
}

if [ "$1" = --inside ]; then
  inside "$2"
else
  main "$@"
fi
