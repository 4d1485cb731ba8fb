/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection.h"
#include "scripted-disc.h"
#include "scripted-guest.h"

G_BEGIN_DECLS

/* The windows of a machine of libvirt's test driver, with a guest that says what the test wants. */

#define DEADLINE_SECONDS 90

#define RUN_UNTIL(expression)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_us = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;                   \
    guint wake_id = g_timeout_add (20, wake_cb, NULL);                                             \
    while (!(expression))                                                                          \
      {                                                                                            \
        if (g_get_monotonic_time () > end_us)                                                      \
          g_error ("%s: not within %d s: %s", G_STRFUNC, DEADLINE_SECONDS, #expression);           \
        g_main_context_iteration (NULL, TRUE);                                                     \
      }                                                                                            \
    g_source_remove (wake_id);                                                                     \
  }                                                                                                \
  G_STMT_END

typedef struct
{
  AdwApplication *application; /* (unowned) */
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  KvmmGuest *guest;
  GtkWidget *window; /* (nullable) */
} Fixture;

gboolean wake_cb (gpointer user_data);

/** find_type: Returns: (nullable): the first of this type in @widget */
GtkWidget *find_type (GtkWidget *widget, GType type);
/** find_label: Returns: (nullable): a label on screen that holds @text */
GtkWidget *find_label (GtkWidget *widget, const char *text);
GtkWidget *find_button (GtkWidget *widget, const char *label);
/** find_window: Returns: (nullable): the window of this type */
GtkWidget *find_window (Fixture *f, GType type);
/** find_titled: Returns: (nullable): the window whose title begins so */
GtkWidget *find_titled (const char *title);
/** press: as a click on the button of this label in @widget */
void press (GtkWidget *widget, const char *label);
/** open_window: the machine's, at @page */
void open_window (Fixture *f, const char *page);

void set_up (Fixture *f, gconstpointer data);
void tear_down (Fixture *f, gconstpointer data);

/** run_cases: Returns: the program's exit code; @prefix: "/ui/machine-window/" */
typedef struct
{
  const char *path;
  void (*func) (Fixture *, gconstpointer);
} Case;
int run_cases (int argc, char **argv, const char *prefix, const Case *cases, guint n_cases);

G_END_DECLS
