/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-drop.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-extras.h"
#include "kvmm-console-page-private.h"
#include "kvmm-dialogs.h"
#include "kvmm-file-drop.h"

/* How files get there now. */
typedef enum
{
  WAY_AGENT,
  WAY_SCREEN, /* what carries the screen carries files */
  WAY_NONE,
} Way;

/* @text: (out) (transfer none): what happens, or what is missing */
static Way
find_way (KvmmDomain *domain, KvmmDisplay *display, const char **text)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  gboolean is_ready = kvmm_guest_get_agent (guest) != NULL;
  gboolean is_granted =
      g_strcmp0 (kvmm_guest_get_access (guest, KVMM_GUEST_GROUP_INBOX), "deny") != 0;

  if (is_ready && is_granted && kvmm_guest_get_control_allowed (guest))
    {
      *text = _ ("What is dropped onto the screen goes into the guest's inbox.");
      return WAY_AGENT;
    }
  if (display != NULL && (kvmm_display_get_capabilities (display) & KVMM_DISPLAY_CAN_DROP_FILES))
    {
      *text = _ ("What is dropped onto the screen goes to the guest's desktop, through SPICE.");
      return WAY_SCREEN;
    }
  if (!kvmm_domain_get_is_active (domain))
    *text = _ ("Nothing can be dropped: the virtual machine does not run.");
  else if (!is_ready)
    *text =
        _ ("Nothing can be dropped: no guest agent answers. The Guest page says how to get one.");
  else if (!is_granted)
    *text =
        _ ("Nothing can be dropped: the guest's policy allows no files. The Guest page says how "
           "to allow them.");
  else
    *text = _ ("Nothing can be dropped: files are not allowed for this virtual machine on this "
               "computer. Allow them on the Guest page.");
  return WAY_NONE;
}

char *
kvmm_console_drop_dup_text (KvmmDomain *domain, KvmmDisplay *display)
{
  const char *text;

  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  find_way (domain, display, &text);
  return g_strdup (text);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsolePage) page = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_display_send_files_finish (KVMM_DISPLAY (source), result, &error))
    kvmm_dialogs_toast (GTK_WIDGET (page), _ ("The guest has the files"));
  else
    kvmm_dialogs_error (GTK_WIDGET (page), _ ("The files could not be sent"), error);
}

static void
send_by_screen (KvmmConsolePage *page, KvmmDisplay *display, GSList *files)
{
  g_autoptr (GPtrArray) array = g_ptr_array_new_with_free_func (g_object_unref);

  for (GSList *l = files; l != NULL; l = l->next)
    g_ptr_array_add (array, g_object_ref (l->data));
  kvmm_dialogs_toast (GTK_WIDGET (page), _ ("Sending to the guest's desktop…"));
  kvmm_display_send_files_async (display, array, NULL, NULL, NULL, sent_cb, g_object_ref (page));
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, KvmmConsolePage *page)
{
  KvmmConsoleView *view = kvmm_console_page_get_view (page);
  KvmmDisplay *display = view != NULL ? kvmm_console_view_get_display (view) : NULL;
  KvmmDomain *domain = kvmm_console_page_get_domain (page);
  g_autoptr (GSList) files = gdk_file_list_get_files (g_value_get_boxed (value));
  const char *text;

  switch (find_way (domain, display, &text))
    {
    case WAY_AGENT:
      kvmm_file_drop_take (GTK_WIDGET (page), domain, files);
      return TRUE;
    case WAY_SCREEN:
      send_by_screen (page, display, files);
      return TRUE;
    case WAY_NONE:
      kvmm_dialogs_toast (GTK_WIDGET (page), text);
      break;
    }
  return FALSE;
}

static gboolean
accept_cb (GtkDropTarget *target, GdkDrop *drop, KvmmConsolePage *page)
{
  return kvmm_file_drop_accepts (drop, kvmm_console_page_get_domain (page));
}

void
kvmm_console_drop_install (GtkWidget *target, KvmmConsolePage *page)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_signal_connect_object (drop, "accept", G_CALLBACK (accept_cb), page, 0);
  g_signal_connect_object (drop, "drop", G_CALLBACK (drop_cb), page, 0);
  gtk_widget_add_controller (target, GTK_EVENT_CONTROLLER (drop));
}
