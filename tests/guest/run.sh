#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: run.sh TEST.py AGENT POLICY [PROGRAM ISO SCHEMAS WATCH]
#
# KVMM_TEST_QGA=1 is an image that has the QEMU guest agent too. Builds the guest's image and runs the tests beside a private libvirt: as root one like a host's own, else one like a
# user's. Skips, with the reason, where no kernel for the guest can be had.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../script/lib/common.sh"

test=$1
qga=()
export KVMM_TEST_IMAGE=$MESON_BUILD_ROOT/tests/guest/image
if [ -n "${KVMM_TEST_QGA:-}" ]; then
  qga=(--qga)
  KVMM_TEST_IMAGE+=-qga
fi
# Another policy is another image.
KVMM_TEST_IMAGE+=${KVMM_TEST_IMAGE_SUFFIX:-}
export KVMM_TEST_AGENT=$2
export KVMM_TEST_POLICY=$3
export KVMM_TEST_PROGRAM=${4:-} KVMM_TEST_ISO=${5:-} GSETTINGS_SCHEMA_DIR=${6:-} KVMM_TEST_WATCH=${7:-}
# The kernel is kept outside the folders that are deleted for a clean build.
export KVMM_GUEST_KERNEL=${KVMM_GUEST_KERNEL:-$MESON_BUILD_ROOT/guest/kernel}

if [ "$(uname -m)" != x86_64 ]; then
  echo "1..0 # SKIP the guest is for x86_64, this is $(uname -m)"
  exit 0
fi
for tool in libvirtd qemu-system-x86_64 busybox cpio; do
  if ! PATH=$PATH:/usr/sbin type -P "$tool" >/dev/null; then
    echo "1..0 # SKIP $tool is not installed"
    exit 0
  fi
done
if ! "$KVMM_SOURCE/script/lib/guest-image.sh" --agent "$KVMM_TEST_AGENT" --policy "$KVMM_TEST_POLICY" \
  "${qga[@]}" "$KVMM_TEST_IMAGE" >/dev/null 2>"$MESON_BUILD_ROOT/tests/guest/image.log"; then
  if [ -e "$KVMM_GUEST_KERNEL/kept/vmlinuz" ]; then
    cat "$MESON_BUILD_ROOT/tests/guest/image.log" >&2
    die "the guest's image could not be built"
  fi
  echo "1..0 # SKIP no kernel for the guest: $(tail -n 1 "$MESON_BUILD_ROOT/tests/guest/image.log")"
  exit 0
fi

if [ -n "${KVMM_LIBVIRT_GROUP:-}" ] && ! getent group "$KVMM_LIBVIRT_GROUP" >/dev/null; then
  echo "1..0 # SKIP there is no group $KVMM_LIBVIRT_GROUP"
  exit 0
fi

flavour=--session
[ "$(id -u)" != 0 ] || flavour=--system
exec "$KVMM_SOURCE/script/lib/private-libvirt.sh" "${KVMM_TEST_FLAVOUR:-$flavour}" -- \
  /usr/bin/python3 -B "$KVMM_SOURCE/tests/guest/$test"
