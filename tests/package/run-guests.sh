#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: run-guests.sh SUITE PROGRAM ISO SCHEMAS
#
# Virtual machines with a real Debian in them, one with systemd and, where that Debian has it, one with OpenRC, under a
# private libvirt. Skips, with the reason, where no Debian can be made.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../script/lib/common.sh"

readonly HERE=$KVMM_SOURCE/tests/package
suite=$1
export KVMM_TEST_SUITE=$suite KVMM_TEST_PROGRAM=$2 KVMM_TEST_ISO=$3 GSETTINGS_SCHEMA_DIR=$4
export KVMM_TEST_IMAGE=$MESON_BUILD_ROOT/tests/package/image
export KVMM_TEST_DISKS=$MESON_BUILD_ROOT/tests/package/disks-$suite
export KVMM_GUEST_KERNEL=${KVMM_GUEST_KERNEL:-$MESON_BUILD_ROOT/guest/kernel}

skip ()
{
  echo "1..0 # SKIP $*"
  exit 0
}

[ "$(uname -m)" = x86_64 ] || skip "the guest is for x86_64, this is $(uname -m)"
[ "$(id -u)" = 0 ] || skip "only root can make a Debian root"
for tool in libvirtd qemu-system-x86_64 busybox mke2fs dpkg-buildpackage rpmbuild; do
  PATH=$PATH:/usr/sbin:/sbin type -P "$tool" >/dev/null || skip "$tool is not installed"
done
mkdir -p "$KVMM_TEST_DISKS"
log=$KVMM_TEST_DISKS/log
status=0
root=$("$HERE/roots.sh" guest "$suite" 2>"$log") || status=$?
[ $status != 77 ] || skip "$(tail -n 1 "$log")"
[ $status = 0 ] || { cat "$log" >&2; exit 1; }
if ! "$KVMM_SOURCE/script/lib/guest-image.sh" "$KVMM_TEST_IMAGE" >/dev/null 2>"$log"; then
  [ ! -e "$KVMM_GUEST_KERNEL/kept/vmlinuz" ] || { cat "$log" >&2; exit 1; }
  skip "no kernel for the guest: $(tail -n 1 "$log")"
fi

# What a host of each family hands to its guests: the package, or the tree and the scripts of one for the family whose
# package manager a Debian lacks.
deb=$("$HERE/packages.sh" deb first) || die "the .deb packages were not built"
rpm=$("$HERE/packages.sh" rpm first) || die "the .rpm packages were not built"
cp "$deb"/kvm-manager-agent_*.deb "$KVMM_TEST_DISKS/agent.deb"
rm -rf "$KVMM_TEST_DISKS/rpm"
mkdir -p "$KVMM_TEST_DISKS/rpm"
(cd "$KVMM_TEST_DISKS/rpm" && rpm2cpio "$rpm"/kvm-manager-agent-*.rpm | cpio --quiet -idm)
tar -C "$KVMM_TEST_DISKS/rpm" -cf "$KVMM_TEST_DISKS/agent-rpm.tar" .
for script in POSTIN PREUN POSTUN; do
  rpm -qp --queryformat "%{$script}\n" "$rpm"/kvm-manager-agent-*.rpm >"$KVMM_TEST_DISKS/rpm-${script,,}"
done
rm -f "$KVMM_TEST_DISKS"/*.img
for init in systemd openrc; do
  [ $init != openrc ] || [ -e "$root/sbin/openrc-init" ] || continue
  "$HERE/guest-disk.sh" "$KVMM_TEST_DISKS/$init.img" "$root" "$init" \
    "$KVMM_TEST_DISKS"/{agent.deb,agent-rpm.tar,rpm-postin,rpm-preun,rpm-postun}
done

status=0
"$KVMM_SOURCE/script/lib/private-libvirt.sh" --system -- /usr/bin/python3 -B "$HERE/test-guests.py" || status=$?
rm -f "$KVMM_TEST_DISKS"/*.img
exit $status
