#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: older.sh FOLDER-WITH-DEBS AGENT POLICY OUTPUT-FOLDER
#
# The packages of a host as an older version of them would have been: another version, and another disc.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../script/lib/common.sh"

readonly OLDER=0.0.9
debs=$1 agent=$2 policy=$3 output=$4

rm -rf "$output"
mkdir -p "$output"
for package in kvm-manager kvm-manager-guest-agent; do
  tree=$output/$package
  dpkg-deb -R "$debs/$package"_*.deb "$tree"
  sed -i "s/^Version: .*/Version: $OLDER-1/" "$tree/DEBIAN/control"
  iso=$tree/var/lib/kvm-manager/kvmmanager-guest-agent.iso
  if [ -e "$iso" ]; then
    "$KVMM_SOURCE/guest-agent/iso/make-iso.sh" "$iso" $OLDER "$policy" "$(uname -m)" "$agent"
    (cd "$tree" && find . -type f -not -path './DEBIAN/*' -printf '%P\n' | sort | xargs md5sum >DEBIAN/md5sums)
  fi
  dpkg-deb --root-owner-group -Zgzip -b "$tree" "$output" >/dev/null
  rm -rf "$tree"
done
