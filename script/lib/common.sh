# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
# shellcheck shell=bash
#
# What every script here needs: where the sources are, and one way to speak. Messages go to standard error, so that
# standard output stays for what the caller asked for.

# shellcheck disable=SC2034
KVMM_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say ()
{
  printf '\033[1m==>\033[0m %s\n' "$*" >&2
}

warn ()
{
  printf 'warning: %s\n' "$*" >&2
}

die ()
{
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have ()
{
  command -v "$1" >/dev/null 2>&1
}
