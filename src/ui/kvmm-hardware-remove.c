/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-hardware-remove.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "model/kvmm-domain-edit.h"
#include "xml/kvmm-xml-document.h"

/* From the question to the answer. */
typedef struct
{
  GtkWidget *widget;  /* (owned) */
  KvmmDomain *domain; /* (owned) */
  char *title;
  char *xml;
} Removal;

static void
removal_free (Removal *self)
{
  g_clear_object (&self->widget);
  g_clear_object (&self->domain);
  g_free (self->title);
  g_free (self->xml);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Removal, removal_free)

static void
tell_error (Removal *self, const GError *error)
{
  /* Translators: a device */
  g_autofree char *summary = g_strdup_printf (_ ("“%s” was not removed"), self->title);

  kvmm_dialogs_error (self->widget, summary, error);
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Removal) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied =
      kvmm_domain_apply_edit_finish (KVMM_DOMAIN (source), result, &error);
  g_autofree char *text = NULL;

  if (applied == NULL)
    {
      tell_error (self, error);
      return;
    }
  if (!applied->needs_restart)
    {
      text = g_strdup_printf (_ ("“%s” is removed"), self->title);
      kvmm_dialogs_toast (self->widget, text);
      return;
    }
  text = g_strdup_printf (_ ("“%s” goes with the next start"), self->title);
  if (applied->live_error == NULL)
    {
      kvmm_dialogs_toast (self->widget, text);
      return;
    }

  g_autoptr (GError) refusal =
      g_error_new_literal (KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED, applied->live_error);

  kvmm_dialogs_error (self->widget, text, refusal);
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Removal) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit =
      kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);
  const char *kind = NULL;
  g_autofree char *owned_kind = NULL;
  guint index = 0;

  if (edit != NULL && !kvmm_xml_edit_find (edit, self->xml, &kind, &index))
    g_set_error_literal (
        &error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_DEVICE,
        _ ("Only the running machine has this device; its stored definition does not"));
  /* The kind is borrowed from the element that goes. */
  owned_kind = g_strdup (kind);
  if (error != NULL || !kvmm_xml_edit_remove_device (edit, owned_kind, index, &error))
    {
      tell_error (self, error);
      return;
    }
  kvmm_domain_apply_edit_async (KVMM_DOMAIN (source), edit, KVMM_DOMAIN_EDIT_LIVE, NULL, applied_cb,
                                g_steal_pointer (&self));
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Removal) self = user_data;

  if (!kvmm_dialogs_confirm_finish (result))
    return;
  kvmm_domain_begin_edit_async (self->domain, NULL, begun_cb, self);
  g_steal_pointer (&self);
}

/* What a person should know before: of storage, that it stays. */
static const char *
describe (KvmmDomain *domain, const KvmmXmlDevice *device)
{
  gboolean is_active = kvmm_domain_get_is_active (domain);

  if (g_str_equal (device->kind, "disk") || g_str_equal (device->kind, "filesystem"))
    return is_active ? _ ("The running machine loses it at once where that is possible, else with "
                          "its next start. What is stored on it is kept.")
                     : _ ("What is stored on it is kept.");
  return is_active ? _ ("The running machine loses it at once where that is possible, else with "
                        "its next start.")
                   : "";
}

void
kvmm_hardware_remove (GtkWidget *widget, KvmmDomain *domain, const KvmmXmlDevice *device)
{
  g_autofree char *heading = NULL;
  Removal *self;

  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain) && device != NULL);

  self = g_new0 (Removal, 1);
  self->widget = g_object_ref (widget);
  self->domain = g_object_ref (domain);
  self->title = g_strdup (device->title);
  self->xml = g_strdup (device->xml);
  heading = g_strdup_printf (_ ("Remove “%s”?"), device->title);
  kvmm_dialogs_confirm_async (widget, heading, describe (domain, device), _ ("_Remove"), TRUE,
                              asked_cb, self);
}
