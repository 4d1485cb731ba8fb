/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-start-from-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "model/kvmm-domain-edit.h"

/* Time to open the screen and to press a key. */
#define MENU_MS "10000"
#define ROWS_IN_SIGHT 5

/* From the read to the answer. */
typedef struct
{
  GtkWidget *widget;  /* (owned) where toasts are shown */
  KvmmDomain *domain; /* (owned) */
  KvmmXmlEdit *edit;  /* (owned) (nullable) as it was read */
  GPtrArray *devices; /* (owned) (nullable) (element-type KvmmXmlBootDevice) */
  GPtrArray *checks; /* (owned) (nullable) (element-type GtkWidget): a radio button for each device,
                      * then that of the firmware's menu; (unowned) of the dialog */
} Start;

static void
start_free (Start *self)
{
  g_object_unref (self->widget);
  g_object_unref (self->domain);
  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  g_clear_pointer (&self->checks, g_ptr_array_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Start, start_free)

static Start *
start_new (GtkWidget *widget, KvmmDomain *domain)
{
  Start *self = g_new0 (Start, 1);

  self->widget = g_object_ref (widget);
  self->domain = g_object_ref (domain);
  return self;
}

static void
tell_error (Start *self, const GError *error)
{
  g_autofree char *summary =
      g_strdup_printf (_ ("Could not start “%s”"), kvmm_domain_get_name (self->domain));

  kvmm_dialogs_error (self->widget, summary, error);
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Start) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_domain_start_as_finish (KVMM_DOMAIN (source), result, &error))
    tell_error (self, error);
}

/* The chosen device, then the others that boot as they did. */
static gboolean
set_first (KvmmXmlEdit *edit, GPtrArray *devices, guint chosen, GError **error)
{
  g_autofree KvmmXmlBootItem *items = g_new0 (KvmmXmlBootItem, devices->len);
  guint n_items = 0;

  items[n_items++] = ((KvmmXmlBootDevice *) devices->pdata[chosen])->item;
  for (guint i = 0; i < devices->len; i++)
    {
      const KvmmXmlBootDevice *device = devices->pdata[i];

      if (i != chosen && device->boots)
        items[n_items++] = device->item;
    }
  return kvmm_xml_edit_set_boot_order (edit, items, n_items, error);
}

static gboolean
set_menu (KvmmXmlEdit *edit, GError **error)
{
  return kvmm_xml_edit_set (edit, "domain/os", 0, "os/bootmenu/@enable", "yes", error) &&
         kvmm_xml_edit_set (edit, "domain/os", 0, "os/bootmenu/@timeout", MENU_MS, error);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Start *self = user_data;
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (GError) error = NULL;
  guint chosen = 0;

  if (!g_str_equal (response, "start"))
    return;
  while (chosen < self->devices->len &&
         !gtk_check_button_get_active (GTK_CHECK_BUTTON (self->checks->pdata[chosen])))
    chosen++;
  edit = kvmm_xml_edit_copy (self->edit);
  if (chosen < self->devices->len ? set_first (edit, self->devices, chosen, &error)
                                  : set_menu (edit, &error))
    kvmm_domain_start_as_async (self->domain, edit, NULL, started_cb,
                                start_new (self->widget, self->domain));
  else
    tell_error (self, error);
}

static void
append_row (
    Start *self, GtkWidget *list, const char *title, const char *subtitle, const char *icon_name)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *check = gtk_check_button_new ();

  if (self->checks->len > 0)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (check),
                                GTK_CHECK_BUTTON (self->checks->pdata[0]));
  g_ptr_array_add (self->checks, check);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_icon_name (ADW_ACTION_ROW (row), icon_name);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  gtk_list_box_append (GTK_LIST_BOX (list), row);
}

/* The first that it would not boot from anyway; else the firmware's menu. */
static guint
find_offered (const Start *self)
{
  for (guint i = 0; i < self->devices->len; i++)
    {
      const KvmmXmlBootDevice *device = self->devices->pdata[i];

      if (!device->boots || device->place != 1)
        return i;
    }
  return self->devices->len;
}

static GtkWidget *
create_form (Start *self)
{
  GtkWidget *list = gtk_list_box_new ();
  GtkWidget *scroller;

  self->checks = g_ptr_array_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Boot devices"), -1);
  for (guint i = 0; i < self->devices->len; i++)
    {
      const KvmmXmlBootDevice *device = self->devices->pdata[i];

      append_row (self, list, device->title, device->summary, device->icon_name);
    }
  append_row (self, list, _ ("The Firmware’s Menu"),
              _ ("It waits ten seconds for a key: Esc, with UEFI also F2 for its setup."),
              "open-menu-symbolic");
  gtk_check_button_set_active (GTK_CHECK_BUTTON (self->checks->pdata[find_offered (self)]), TRUE);
  if (self->checks->len <= ROWS_IN_SIGHT)
    return list;
  scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 280);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), list);
  return scroller;
}

static void
present (Start *self, GtkWindow *window)
{
  g_autofree char *heading =
      g_strdup_printf (_ ("Start “%s” From"), kvmm_domain_get_name (self->domain));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (
      window, heading,
      _ ("Until it is shut down, reboots included. Its boot order stays as it is.")));

  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "start", _ ("_Start"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "start", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "start");
  adw_message_dialog_set_close_response (dialog, "cancel");
  adw_message_dialog_set_extra_child (dialog, create_form (self));
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), self);
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-start", self, (GDestroyNotify) start_free);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Start) self = user_data;
  g_autoptr (GError) error = NULL;
  GtkRoot *root = gtk_widget_get_root (self->widget);

  self->edit = kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);
  if (self->edit == NULL)
    {
      tell_error (self, error);
      return;
    }
  if (!GTK_IS_WINDOW (root))
    return;
  self->devices = kvmm_xml_edit_list_boot_devices (self->edit);
  present (g_steal_pointer (&self), GTK_WINDOW (root));
}

void
kvmm_start_from_dialog_present (GtkWidget *widget, KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain));

  kvmm_domain_begin_edit_async (domain, NULL, begun_cb, start_new (widget, domain));
}
