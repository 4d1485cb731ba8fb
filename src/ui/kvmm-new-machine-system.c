/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-new-machine-system.h"

#include <glib/gi18n.h>

/* Long enough to type on, short enough to look quick. */
#define DETECT_DELAY_MS 300

static void
stop (GCancellable **cancellable)
{
  g_cancellable_cancel (*cancellable);
  g_clear_object (cancellable);
}

static void
say (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text);
  gtk_widget_set_visible (GTK_WIDGET (label), TRUE);
}

static void
described_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmNewMachineSystem *self = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_os_catalog_describe_finish (KVMM_OS_CATALOG (source), result, &self->needs, &error))
    self->needs_cb (self->user_data);
}

const KvmmOs *
kvmm_new_machine_system_get (KvmmNewMachineSystem *self)
{
  guint i = gtk_drop_down_get_selected (self->chooser);

  return self->systems != NULL && i > 0 && i <= self->systems->len ? self->systems->pdata[i - 1]
                                                                   : NULL;
}

void
kvmm_new_machine_system_chosen (KvmmNewMachineSystem *self)
{
  const KvmmOs *os = kvmm_new_machine_system_get (self);

  /* The list that is filled selects its first row, which is what was selected before. */
  if (os == NULL && self->described_id == NULL)
    return;
  g_free (self->described_id);
  self->described_id = os != NULL ? g_strdup (os->id) : NULL;
  if (os != NULL)
    self->named_cb (os->name, self->user_data);
  stop (&self->describing);
  self->describing = g_cancellable_new ();
  kvmm_os_catalog_describe_async (self->catalog, os != NULL ? os->id : NULL, self->describing,
                                  described_cb, self);
}

/* Returns: (transfer none) (nullable): what was selected */
static const KvmmOs *
choose_detected (KvmmNewMachineSystem *self)
{
  for (guint i = 0; self->systems != NULL && self->detected_id != NULL && i < self->systems->len;
       i++)
    {
      const KvmmOs *os = self->systems->pdata[i];

      if (!g_str_equal (os->id, self->detected_id))
        continue;
      gtk_drop_down_set_selected (self->chooser, i + 1);
      return os;
    }
  return NULL;
}

static void
show_detected (KvmmNewMachineSystem *self)
{
  const KvmmOs *os = choose_detected (self);

  if (os != NULL && !self->is_told)
    say (self->found, os->name);
}

void
kvmm_new_machine_system_choose (KvmmNewMachineSystem *self, const char *id)
{
  g_free (self->detected_id);
  self->detected_id = g_strdup (id);
  self->is_told = TRUE;
  choose_detected (self);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmNewMachineSystem *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) systems =
      kvmm_os_catalog_list_finish (KVMM_OS_CATALOG (source), result, &error);
  g_autoptr (GtkStringList) names = NULL;

  if (systems == NULL)
    return;
  self->systems = g_steal_pointer (&systems);
  names = gtk_string_list_new (NULL);
  gtk_string_list_append (names, _ ("Another One"));
  for (guint i = 0; i < self->systems->len; i++)
    gtk_string_list_append (names, ((KvmmOs *) self->systems->pdata[i])->name);
  gtk_drop_down_set_model (self->chooser, G_LIST_MODEL (names));
  show_detected (self);
}

static void
detected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmNewMachineSystem *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = kvmm_os_catalog_detect_finish (KVMM_OS_CATALOG (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (error != NULL)
    say (self->found, error->message);
  else if (id == NULL)
    say (self->found, _ ("What is on it is not known; choose the system below."));
  else
    {
      g_free (self->detected_id);
      self->detected_id = g_steal_pointer (&id);
      self->is_told = FALSE;
      show_detected (self);
    }
}

static gboolean
detect_cb (gpointer user_data)
{
  KvmmNewMachineSystem *self = user_data;

  self->detect_id = 0;
  self->detecting = g_cancellable_new ();
  kvmm_os_catalog_detect_async (self->catalog, self->path, self->detecting, detected_cb, self);
  return G_SOURCE_REMOVE;
}

void
kvmm_new_machine_system_detect (KvmmNewMachineSystem *self, const char *path)
{
  stop (&self->detecting);
  g_clear_handle_id (&self->detect_id, g_source_remove);
  if (path == NULL)
    return;
  g_free (self->path);
  self->path = g_strdup (path);
  self->detect_id = g_timeout_add (DETECT_DELAY_MS, detect_cb, self);
}

void
kvmm_new_machine_system_list (KvmmNewMachineSystem *self)
{
  self->listing = g_cancellable_new ();
  kvmm_os_catalog_list_async (self->catalog, self->listing, listed_cb, self);
}

void
kvmm_new_machine_system_init (KvmmNewMachineSystem *self,
                              void (*needs_cb) (gpointer user_data),
                              void (*named_cb) (const char *name, gpointer user_data),
                              gpointer user_data)
{
  self->needs_cb = needs_cb;
  self->named_cb = named_cb;
  self->user_data = user_data;
  self->catalog = kvmm_os_catalog_new ();
  self->needs.memory_bytes = KVMM_OS_DEFAULT_MEMORY_BYTES;
  self->needs.disk_bytes = KVMM_OS_DEFAULT_DISK_BYTES;
  self->needs.vcpus = KVMM_OS_DEFAULT_VCPUS;
  self->needs.has_virtio = TRUE;
}

void
kvmm_new_machine_system_stop (KvmmNewMachineSystem *self)
{
  g_clear_handle_id (&self->detect_id, g_source_remove);
  stop (&self->listing);
  stop (&self->detecting);
  stop (&self->describing);
  g_clear_object (&self->catalog);
}

void
kvmm_new_machine_system_clear (KvmmNewMachineSystem *self)
{
  g_clear_pointer (&self->systems, g_ptr_array_unref);
  g_clear_pointer (&self->detected_id, g_free);
  g_clear_pointer (&self->described_id, g_free);
  g_clear_pointer (&self->path, g_free);
}
