/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "kvmm-connection-bar.h"
#include "kvmm-window-private.h"

/* What all connections together, or the one that is selected, are doing. */
typedef struct
{
  KvmmConnection *problem; /* (owned) (nullable) the first that is lost or refused */
  gboolean is_busy;        /* one is connecting or has yet to list */
  gboolean is_ready;       /* one is connected and listed */
  guint n_connections;
} Situation;

static void
situation_clear (Situation *self)
{
  g_clear_object (&self->problem);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Situation, situation_clear)

static void
look_at (Situation *situation, KvmmConnection *connection)
{
  gboolean is_loaded = kvmm_connection_get_is_loaded (connection);

  situation->n_connections++;
  switch (kvmm_connection_get_state (connection))
    {
    case KVMM_CONNECTION_CONNECTED:
      situation->is_ready = situation->is_ready || is_loaded;
      situation->is_busy = situation->is_busy || !is_loaded;
      break;
    case KVMM_CONNECTION_CONNECTING:
      /* A retry keeps showing the problem that it may solve. */
      if (kvmm_connection_get_error_text (connection))
        {
          if (!situation->problem)
            situation->problem = g_object_ref (connection);
        }
      else
        situation->is_busy = TRUE;
      break;
    case KVMM_CONNECTION_LOST:
    case KVMM_CONNECTION_FAILED:
      if (!situation->problem)
        situation->problem = g_object_ref (connection);
      break;
    case KVMM_CONNECTION_DISCONNECTED:
      break;
    }
}

static void
show_nothing_found (KvmmWindow *self, const char *search)
{
  g_autofree char *description =
      g_strdup_printf (_ ("No name, title, address, system or host name contains “%s”."), search);

  kvmm_list_status_set_text (self->status, "system-search-symbolic", _ ("No Results Found"),
                             description, _ ("_Clear Search"), "win.clear-search");
}

static void
show_nothing_in_scope (KvmmWindow *self)
{
  gboolean is_running =
      g_str_equal (kvmm_sidebar_get_scope (self->sidebar), KVMM_MACHINE_LIST_RUNNING);

  kvmm_list_status_set_text (self->status, "computer-symbolic",
                             is_running ? _ ("Nothing Is Running") : _ ("Nothing Is Stopped"),
                             is_running ? _ ("Every virtual machine is off.")
                                        : _ ("No virtual machine is off."),
                             _ ("_Show All"), "win.show-all");
}

static void
show_situation (KvmmWindow *self, const Situation *situation)
{
  if (situation->n_connections == 0)
    kvmm_list_status_set_text (self->status, "network-server-symbolic", _ ("No Connections"),
                               _ ("Add a connection to a computer that runs virtual machines."),
                               _ ("_Add Connection…"), "app.add-connection");
  else if (situation->is_busy)
    kvmm_list_status_set_text (self->status, NULL, _ ("Connecting…"), NULL, NULL, NULL);
  else if (situation->is_ready)
    kvmm_list_status_set_text (
        self->status, "computer-symbolic", _ ("No Virtual Machines"),
        _ ("The host has none yet. Those that other programs define appear here by themselves."),
        _ ("_New Virtual Machine…"), "app.new-machine");
  else if (situation->problem)
    kvmm_list_status_set_problem (self->status, situation->problem);
  else
    kvmm_list_status_set_text (self->status, "network-offline-symbolic", _ ("Not Connected"),
                               _ ("Connect to see the virtual machines of the host."),
                               _ ("_Connect"), "win.connect");
}

static void
allow_bars (KvmmWindow *self, gboolean allowed)
{
  for (GtkWidget *bar = gtk_widget_get_first_child (GTK_WIDGET (self->bars)); bar;
       bar = gtk_widget_get_next_sibling (bar))
    kvmm_connection_bar_set_is_allowed (KVMM_CONNECTION_BAR (bar), allowed);
}

void
kvmm_window_update_page (KvmmWindow *self)
{
  GListModel *domains = kvmm_connection_list_get_domains (self->connections);
  GListModel *connections = G_LIST_MODEL (self->connections);
  KvmmConnection *selected = kvmm_sidebar_get_connection (self->sidebar);
  const char *search = gtk_editable_get_text (GTK_EDITABLE (self->search_entry));
  guint n_shown = kvmm_machine_list_get_n_shown (self->list);
  guint n_all = selected ? g_list_model_get_n_items (G_LIST_MODEL (selected))
                         : g_list_model_get_n_items (domains);
  g_auto (Situation) situation = { 0 };

  gtk_stack_set_visible_child (self->stack,
                               n_shown > 0 ? GTK_WIDGET (self->list) : GTK_WIDGET (self->status));
  if (n_shown > 0)
    {
      allow_bars (self, TRUE);
      return;
    }
  if (n_all > 0)
    {
      allow_bars (self, TRUE);
      if (*search)
        show_nothing_found (self, search);
      else
        show_nothing_in_scope (self);
      return;
    }

  for (guint i = 0; i < g_list_model_get_n_items (connections); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (connections, i);

      if (!selected || connection == selected)
        look_at (&situation, connection);
    }
  show_situation (self, &situation);
  allow_bars (self, situation.is_ready);
}
