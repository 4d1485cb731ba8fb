#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: make-iso.sh OUTPUT VERSION POLICY MACHINE AGENT [MACHINE AGENT]…
#
# Writes the disc of the guest agent. The same inputs give the same bytes, wherever, whenever and by whomever it is
# built. The version is on the disc as the file VERSION, and readable from outside without mounting: the application
# identifier of the volume (128 bytes at 32768 + 574) is "KVM-MANAGER-AGENT <version>".

set -eu

output=$1
version=$2
policy=$3
shift 3
source=$(dirname -- "$0")

export LC_ALL=C TZ=UTC
umask 022
# 2024-01-01, unless whoever builds a package has a date of theirs.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1704067200}
export SOURCE_DATE_EPOCH

tree=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$tree" "$tree.log"' EXIT
trap 'exit 1' HUP INT TERM

mkdir -p "$tree/systemd" "$tree/openrc"
# Neither symbols nor a build id, which both depend on the folder of the build.
while [ $# -ge 2 ]; do
  strip=${STRIP:-strip}
  if [ "$1" != "$(uname -m)" ] && command -v "$1-linux-gnu-strip" >/dev/null; then
    strip=$1-linux-gnu-strip
  fi
  mkdir -p "$tree/bin/$1"
  "$strip" -s -R .comment -R .note.gnu.build-id -o "$tree/bin/$1/kvm-manager-agent" "$2"
  shift 2
done
cp "$policy" "$tree/agent.conf"
printf '%s\n' "$version" > "$tree/VERSION"
cp "$source/README.txt" "$source/install.sh" "$source/install-debian.sh" "$source/install-rhel.sh" \
  "$source/install-alpine.sh" "$tree/"
cp "$source/systemd/kvm-manager-agent.service" "$source/systemd/90-kvm-manager-agent.rules" \
  "$source/systemd/hardened.conf" "$tree/systemd/"
cp "$source/openrc/kvm-manager-agent" "$tree/openrc/"
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f -exec chmod 644 {} +
chmod 755 "$tree"/*.sh "$tree"/bin/*/kvm-manager-agent "$tree/openrc/kvm-manager-agent"

# It greets even when it is asked to be quiet.
rm -f "$output"
if ! xorriso -as mkisofs -quiet -V KVMMANAGER_AGENT -A "KVM-MANAGER-AGENT $version" -J -joliet-long -r \
  --set_all_file_dates "=$SOURCE_DATE_EPOCH" -o "$output" "$tree" 2> "$tree.log"; then
  cat "$tree.log" >&2
  exit 1
fi
chmod 644 "$output"
