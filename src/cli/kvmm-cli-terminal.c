/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "cli/kvmm-cli-terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* What atexit() restores. */
static struct termios saved;
static gboolean is_raw;

void
kvmm_cli_terminal_restore (void)
{
  if (is_raw)
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &saved);
  is_raw = FALSE;
}

gboolean
kvmm_cli_terminal_make_raw (void)
{
  static gboolean is_registered;
  struct termios raw;

  if (is_raw)
    return TRUE;
  if (tcgetattr (STDIN_FILENO, &saved) != 0)
    return FALSE;
  raw = saved;
  cfmakeraw (&raw);
  if (!is_registered)
    atexit (kvmm_cli_terminal_restore);
  is_registered = TRUE;
  is_raw = tcsetattr (STDIN_FILENO, TCSAFLUSH, &raw) == 0;
  return is_raw;
}

void
kvmm_cli_terminal_get_size (guint *columns, guint *rows)
{
  struct winsize size = { 0 };

  *columns = 80;
  *rows = 24;
  if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    {
      *columns = size.ws_col;
      *rows = size.ws_row;
    }
}
