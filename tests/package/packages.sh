#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: packages.sh deb | rpm first | second
#
# Prints the folder with the packages of these sources, which are built once and kept until the sources change. The
# second build is in another folder, for another user with other habits, and shares nothing with the first.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../script/lib/common.sh"

readonly KIND=$1 TURN=$2
readonly BASE=$MESON_BUILD_ROOT/tests/package

main ()
{
  local folder=$BASE/$TURN hash other=rpm

  [ "$TURN" = first ] || folder=$BASE/in-another-place/$TURN
  mkdir -p "$folder"
  exec {lock}>"$folder.lock"
  flock "$lock"
  "$KVMM_SOURCE/script/package" --no-deps --output "$folder/source" source >"$folder/source.log" 2>&1 ||
    { cat "$folder/source.log" >&2; exit 1; }
  # What these packages are not made of may change.
  [ "$KIND" = deb ] || other=debian
  hash=$(tar -xf "$folder"/source/*.tar.xz --to-stdout --exclude='*/tests/*' --exclude='*/docs/*' --exclude='*/.github/*' \
    --exclude="*/data/packaging/$other/*" --exclude='*/script/release' --exclude='*/script/test' | sha256sum)
  if [ "$(cat "$folder/$KIND.made-from" 2>/dev/null)" != "$hash" ]; then
    # One folder for both kinds: the compiler cache takes the name of the folder for a part of the source.
    rm -rf "${folder:?}/$KIND" "$folder/work" "$folder/$KIND.made-from"
    # What the first package was compiled from is compiled again for no other: a cache for each turn.
    if [ -x /usr/lib/ccache/cc ]; then
      export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$folder/ccache CCACHE_BASEDIR=$folder CCACHE_NOHASHDIR=1
    fi
    if [ "$TURN" = second ]; then
      umask 077
      export TZ=Asia/Tokyo LANG=C LC_ALL=C HOME=/nonexistent USER=somebody
    fi
    nice "$KVMM_SOURCE/script/package" --no-deps --quick --work "$folder/work" --output "$folder/$KIND" \
      "$KIND" >"$folder/$KIND.log" 2>&1 || { cat "$folder/$KIND.log" >&2; exit 1; }
    rm -rf "$folder/work"
    echo "$hash" >"$folder/$KIND.made-from"
  fi
  echo "$folder/$KIND"
}

main
