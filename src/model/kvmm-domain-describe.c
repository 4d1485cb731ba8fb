/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "model/kvmm-domain-order.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-define.h"
#include "xml/kvmm-xml-domain.h"

/* What a machine is called, and a person's words about it. */

#define NAME_MAX_BYTES 200 /* libvirt makes file names of it */

gboolean
kvmm_domain_check_name (const char *name, GError **error)
{
  g_return_val_if_fail (name != NULL, FALSE);

  if (*name == '\0' || g_ascii_isspace (*name))
    g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                         _ ("A name begins with a letter, a digit or a sign"));
  else if (strlen (name) > NAME_MAX_BYTES)
    g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                 _ ("A name has at most %d bytes"), NAME_MAX_BYTES);
  else if (!g_utf8_validate (name, -1, NULL) || strpbrk (name, "/\n") != NULL ||
           g_str_equal (name, ".") || g_str_equal (name, ".."))
    g_set_error_literal (
        error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
        _ ("A name cannot have a slash or a line break in it, nor be “.” or “..”"));
  else
    return TRUE;
  return FALSE;
}

/* Worker. Where libvirt puts the firmware's settings of a machine whose definition does not say.
 * Returns: (transfer full) (nullable): %NULL when nobody here can know */
static char *
dup_settings_path (KvmmVirtConnect *connect, const char *name)
{
  const char *uri = kvmm_virt_connect_get_uri (connect);
  g_autofree char *file = g_strconcat (name, "_VARS.fd", NULL);
  g_autofree char *path = NULL;

  if (!kvmm_virt_uri_is_session (uri))
    return g_build_filename ("/var/lib/libvirt/qemu/nvram", file, NULL);
  if (!kvmm_virt_uri_is_local (uri))
    return NULL;
  /* A daemon of the user may have another home; then the file is not here, and neither its folder.
   */
  path = g_build_filename (g_get_user_config_dir (), "libvirt", "qemu", "nvram", file, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

char *
kvmm_domain_order_name_settings (KvmmVirtConnect *connect,
                                 const KvmmDomainOrder *order,
                                 const char *xml,
                                 GError **error)
{
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (xml, error);
  g_autofree char *firmware = NULL;
  g_autofree char *settings = NULL;
  g_autofree char *path = NULL;

  if (edit == NULL)
    return NULL;
  firmware = kvmm_xml_edit_get (edit, "domain/os", 0, "os/@firmware");
  settings = kvmm_xml_edit_get (edit, "domain/os", 0, "os/nvram");
  path = dup_settings_path (connect, order->name);
  if (g_strcmp0 (firmware, "efi") != 0 || settings != NULL || path == NULL)
    return g_strdup (xml);
  if (!kvmm_xml_edit_set (edit, "domain/os", 0, "os/nvram", path, error))
    return NULL;
  return kvmm_xml_edit_dup_xml (edit);
}

/* Worker. Before libvirt 10 the file is called after the machine each time it starts: under another
 * name it would start with other settings and leave the old ones behind. */
static gboolean
keep_firmware_settings (KvmmVirtConnect *connect, const KvmmDomainOrder *order, GError **error)
{
  g_autofree char *stored = kvmm_virt_domain_read_definition (connect, order->uuid, error);
  g_autofree char *xml = NULL;
  g_autofree char *uuid = NULL;

  if (stored == NULL)
    return FALSE;
  xml = kvmm_domain_order_name_settings (connect, order, stored, error);
  if (xml == NULL || g_str_equal (xml, stored))
    return xml != NULL;
  uuid = kvmm_virt_connect_define (connect, xml, FALSE, error);
  return uuid != NULL;
}

/* Worker. */
static void
rename_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  gboolean is_done;

  is_done = (order->is_active || keep_firmware_settings (connect, order, &error)) &&
            kvmm_virt_domain_rename (connect, order->uuid, order->text, &error);
  kvmm_domain_order_return_done (task, is_done, error);
}

void
kvmm_domain_rename_async (KvmmDomain *self,
                          const char *new_name,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && new_name != NULL);

  task =
      kvmm_domain_order_new_task (self, kvmm_domain_rename_async, cancellable, callback, user_data);
  if (!kvmm_domain_check_name (new_name, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  order = kvmm_domain_order_new (self);
  order->text = g_strdup (new_name);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL, g_steal_pointer (&task), rename_func,
                         order, NULL);
}

gboolean
kvmm_domain_rename_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

/* Worker. Our own words, all of them. */
static void
write_ours (GTask *task,
            KvmmVirtConnect *connect,
            const KvmmDomainOrder *order,
            const KvmmXmlWords *words)
{
  GError *error = NULL;
  g_autofree char *metadata = kvmm_xml_metadata_build (words, &error);
  gboolean is_done = FALSE;

  if (error == NULL)
    is_done = kvmm_virt_domain_set_metadata (connect, order->uuid, KVMM_METADATA_OURS, metadata,
                                             KVMM_AFFECT_CONFIG, &error) &&
              (!order->is_active ||
               kvmm_virt_domain_set_metadata (connect, order->uuid, KVMM_METADATA_OURS, metadata,
                                              KVMM_AFFECT_LIVE, &error));
  kvmm_domain_order_return_done (task, is_done, error);
}

/* Worker. Returns: (transfer full): of the stored definition */
static KvmmXmlDomainFacts *
read_facts (KvmmVirtConnect *connect, const KvmmDomainOrder *order, GError **error)
{
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, order->uuid, TRUE, error);

  return xml != NULL ? kvmm_xml_domain_facts_parse (xml, error) : NULL;
}

/* ---- tags ---- */

/* Worker. What else we say of it stays. */
static void
tags_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts (connect, order, &error);
  KvmmXmlWords words;

  if (facts == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  words = kvmm_xml_words_of (facts);
  words.tags = (const char *const *) order->tags;
  write_ours (task, connect, order, &words);
}

void
kvmm_domain_set_tags_async (KvmmDomain *self,
                            const char *const *tags,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && tags != NULL);

  order = kvmm_domain_order_new (self);
  order->tags = g_strdupv ((char **) tags);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_set_tags_async, cancellable,
                                                     callback, user_data),
                         tags_func, order, NULL);
}

gboolean
kvmm_domain_set_tags_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

/* ---- templates ---- */

/* Worker. What else we say of it stays. */
static void
template_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts (connect, order, &error);
  KvmmXmlWords words;

  if (facts == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  words = kvmm_xml_words_of (facts);
  words.is_template = order->is_template;
  write_ours (task, connect, order, &words);
}

void
kvmm_domain_set_template_async (KvmmDomain *self,
                                gboolean is_template,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  order = kvmm_domain_order_new (self);
  order->is_template = is_template;
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_set_template_async,
                                                     cancellable, callback, user_data),
                         template_func, order, NULL);
}

gboolean
kvmm_domain_set_template_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

/* ---- waiting for the first start ---- */

/* Worker. What else we say of it stays. */
static void
started_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts (connect, order, &error);
  KvmmXmlWords words;

  if (facts == NULL || facts->wait == KVMM_XML_WAIT_NONE)
    {
      kvmm_domain_order_return_done (task, facts != NULL, error);
      return;
    }
  words = kvmm_xml_words_of (facts);
  words.wait = KVMM_XML_WAIT_NONE;
  write_ours (task, connect, order, &words);
}

void
kvmm_domain_end_wait_async (KvmmDomain *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_end_wait_async, cancellable,
                                                     callback, user_data),
                         started_func, kvmm_domain_order_new (self), NULL);
}

gboolean
kvmm_domain_end_wait_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}
