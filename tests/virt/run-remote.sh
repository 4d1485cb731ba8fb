#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# run-remote.sh PRIVATE_LIBVIRT TEST [ARGUMENTS]: runs a test program beside a libvirtd of its own. Says in TAP why not.

PATH=$PATH:/usr/sbin:/sbin
for program in libvirtd virsh qemu-system-x86_64 unshare; do
  if ! command -v "$program" >/dev/null; then
    echo "1..0 # SKIP $program is not installed"
    exit 0
  fi
done
private_libvirt=$1
shift
exec "$private_libvirt" --session -- "$@"
