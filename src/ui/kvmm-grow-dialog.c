/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-grow-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#include "kvmm-dialogs.h"
#include "kvmm-fact-row.h"
#include "model/kvmm-domain-grow.h"
#include "util/kvmm-units.h"

#define GIB ((guint64) 1024 * 1024 * 1024)
/* Ten is what people add; a smaller disk is doubled at least. */
#define STEP_GIB 10

/* From the read to the answer. */
typedef struct
{
  GtkWidget *widget;  /* (owned) where toasts are shown */
  KvmmDomain *domain; /* (owned) */
  char *target;       /* (owned) */
  KvmmVirtDiskSize size;
  GtkSpinButton *spin; /* (unowned) of the dialog */
} Growth;

static void
growth_free (Growth *self)
{
  g_object_unref (self->widget);
  g_object_unref (self->domain);
  g_free (self->target);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Growth, growth_free)

static Growth *
growth_new (GtkWidget *widget, KvmmDomain *domain, const char *target)
{
  Growth *self = g_new0 (Growth, 1);

  self->widget = g_object_ref (widget);
  self->domain = g_object_ref (domain);
  self->target = g_strdup (target);
  return self;
}

static void
tell_error (Growth *self, const GError *error)
{
  g_autofree char *summary = g_strdup_printf (_ ("The disk “%s” of “%s” is as large as before"),
                                              self->target, kvmm_domain_get_name (self->domain));

  kvmm_dialogs_error (self->widget, summary, error);
}

static void
grown_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Growth) self = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_domain_grow_disk_finish (KVMM_DOMAIN (source), result, &error))
    {
      g_autofree char *text = g_strdup_printf (_ ("The disk “%s” is larger"), self->target);

      kvmm_dialogs_toast (self->widget, text);
    }
  else
    {
      tell_error (self, error);
    }
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Growth *self = user_data;

  if (!g_str_equal (response, "grow"))
    return;
  gtk_spin_button_update (self->spin);
  kvmm_domain_grow_disk_async (
      self->domain, self->target, (guint64) (gtk_spin_button_get_value (self->spin) * (double) GIB),
      NULL, grown_cb, growth_new (self->widget, self->domain, self->target));
}

static GtkWidget *
create_size_row (Growth *self)
{
  double now = (double) self->size.capacity_bytes / (double) GIB;
  double most = (double) KVMM_DISK_MAX_BYTES / (double) GIB;
  /* Two places are shown, and what is shown must not be less than the disk has. */
  double least = MIN (ceil (now * 100) / 100 + 0.01, most);
  double offered = now < STEP_GIB ? now * 2 : now + STEP_GIB;
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *spin = gtk_spin_button_new_with_range (least, most, 1);

  self->spin = GTK_SPIN_BUTTON (spin);
  gtk_spin_button_set_digits (self->spin, 2);
  gtk_spin_button_set_value (self->spin, CLAMP (offered, least, most));
  gtk_widget_set_valign (spin, GTK_ALIGN_CENTER);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("New size in GiB"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), spin);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), spin);
  return row;
}

static GtkWidget *
create_form (Growth *self)
{
  GtkWidget *list = gtk_list_box_new ();
  g_autofree char *capacity = kvmm_units_bytes (self->size.capacity_bytes);
  g_autofree char *allocation = kvmm_units_bytes (self->size.allocation_bytes);

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_list_box_append (GTK_LIST_BOX (list), kvmm_fact_row_new (_ ("Size"), capacity));
  gtk_list_box_append (GTK_LIST_BOX (list),
                       kvmm_fact_row_new (_ ("Taken on the host"), allocation));
  gtk_list_box_append (GTK_LIST_BOX (list), create_size_row (self));
  return list;
}

static void
present (Growth *self, GtkWindow *window)
{
  g_autofree char *heading = g_strdup_printf (_ ("Make the Disk “%s” Larger"), self->target);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (
      window, heading,
      _ ("It cannot be made smaller again. The guest makes its partition and file system larger "
         "afterwards, for example by “growpart /dev/vda 1” and “resize2fs /dev/vda1” or "
         "“xfs_growfs /”.")));

  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "grow", _ ("_Make Larger"),
                                    NULL);
  adw_message_dialog_set_response_appearance (dialog, "grow", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "grow");
  adw_message_dialog_set_close_response (dialog, "cancel");
  adw_message_dialog_set_extra_child (dialog, create_form (self));
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), self);
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-growth", self, (GDestroyNotify) growth_free);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Growth) self = user_data;
  g_autoptr (GError) error = NULL;
  GtkRoot *root = gtk_widget_get_root (self->widget);

  if (!kvmm_domain_read_disk_size_finish (KVMM_DOMAIN (source), result, &self->size, &error))
    tell_error (self, error);
  else if (GTK_IS_WINDOW (root))
    present (g_steal_pointer (&self), GTK_WINDOW (root));
}

void
kvmm_grow_dialog_present (GtkWidget *widget, KvmmDomain *domain, const char *target)
{
  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain) && target != NULL);

  kvmm_domain_read_disk_size_async (domain, target, NULL, read_cb,
                                    growth_new (widget, domain, target));
}
