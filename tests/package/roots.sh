#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: roots.sh guest | host | desktop SUITE
#
# Prints the folder of a fresh Debian of that suite, which is made once and kept, as the packages it is made of are:
#
#   guest    what a small virtual machine has: systemd, and beside it, where Debian has one, OpenRC
#   host     what a host has before the program is installed: libvirt and QEMU
#   desktop  next to nothing, so that the program's dependencies have to bring everything
#
# Nobody writes into it: tests put a layer over it, or copy it. Ends with 77, and the reason on standard error, where
# there is no such Debian to be had.
#
# KVMM_TEST_ROOTS  where they are kept (default: build-test-roots beside the sources)

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../script/lib/common.sh"

readonly KIND=$1 SUITE=$2
readonly ROOTS=${KVMM_TEST_ROOTS:-$KVMM_SOURCE/build-test-roots}
readonly MIRROR=${KVMM_TEST_MIRROR:-http://deb.debian.org/debian}

packages ()
{
  case $KIND in
    # OpenRC cannot be installed in Debian 13: it needs a package that was dropped.
    guest) echo systemd-sysv,udev,dbus,procps,login"$([ "$SUITE" != bookworm ] || echo ,openrc)" ;;
    host) echo libvirt-daemon-system,libvirt-clients,qemu-system-x86,ca-certificates ;;
    desktop) echo ca-certificates ;;
    *) die "there is no root of the kind $KIND" ;;
  esac
}

unreachable ()
{
  echo "$*" >&2
  exit 77
}

# remove_root FOLDER: one that was killed while it was made still has this machine's /dev, /proc and /sys in it.
remove_root ()
{
  local point

  while read -r point; do
    umount -l "$point" 2>/dev/null || true
  done < <(awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/self/mounts | sort -r)
  rm -rf --one-file-system "$1" "$1.made-from"
}

main ()
{
  local root=$ROOTS/$KIND-$SUITE archives=$ROOTS/archives-$SUITE log=$ROOTS/$KIND-$SUITE.log wanted

  [ "$(id -u)" = 0 ] || unreachable 'only root can make a Debian root'
  have mmdebstrap || unreachable 'mmdebstrap is not installed'
  wanted=$(sha256sum "${BASH_SOURCE[0]}")
  mkdir -p "$archives"
  exec {lock}>"$ROOTS/.lock-$SUITE"
  flock "$lock"
  if [ "$(cat "$root.made-from" 2>/dev/null)" != "$wanted" ]; then
    remove_root "$root"
    # Nothing in a test is worth waiting for a disc; documents and translations are not looked at.
    if ! mmdebstrap --variant=minbase --include="$(packages)" \
      --aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "30"' --aptopt='Acquire::Languages "none"' \
      --aptopt='APT::Install-Recommends "false"' --aptopt='Dpkg::Options "--force-unsafe-io"' \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --dpkgopt='path-exclude=/usr/share/doc/*' \
      --dpkgopt='path-include=/usr/share/doc/kvm-manager*' --dpkgopt='path-include=/usr/share/man/man*/kvm-manager*' \
      --skip=cleanup/apt/lists,essential/unlink,download/empty \
      --setup-hook="mkdir -p \"\$1/var/cache/apt/archives\" && cp -a --reflink=auto $archives/. \"\$1/var/cache/apt/archives/\"" \
      --customize-hook="cp -a --update \"\$1\"/var/cache/apt/archives/*.deb $archives/" \
      --customize-hook="rm -f \"\$1\"/var/cache/apt/archives/*.deb" \
      "$SUITE" "$root" "$MIRROR" >"$log" 2>&1 </dev/null; then
      remove_root "$root"
      unreachable "no Debian $SUITE could be made from $MIRROR: $(grep -E '^(E|W|Err)' "$log" | tail -n 1)"
    fi
    echo "$wanted" >"$root.made-from"
  fi
  echo "$root"
}

main
