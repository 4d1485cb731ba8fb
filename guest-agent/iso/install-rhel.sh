#!/bin/sh
# SPDX-License-Identifier: MIT
# Kept for those who know this name: one script serves all systems.
exec sh "$(dirname -- "$0")/install.sh" "$@"
