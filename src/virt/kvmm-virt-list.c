/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "virt/kvmm-virt-private.h"

/* Reading domains: all of them, or one again. */

/* <name> is the first child of <domain>; what stands behind this many bytes is not looked at. */
#define MAX_HEAD_BYTES 8192

/* ---- one ---- */

typedef struct
{
  int id;
  GString *name; /* (owned) */
  gboolean in_name;
} XmlHead;

static void
head_start_cb (GMarkupParseContext *context,
               const char *element,
               const char **names,
               const char **values,
               gpointer user_data,
               GError **error)
{
  XmlHead *head = user_data;
  const GSList *stack = g_markup_parse_context_get_element_stack (context);
  guint depth = g_slist_length ((GSList *) stack);

  for (guint i = 0; depth == 1 && names[i]; i++)
    {
      guint64 id = 0;
      if (g_str_equal (names[i], "id") &&
          g_ascii_string_to_unsigned (values[i], 10, 0, G_MAXINT, &id, NULL))
        head->id = (int) id;
    }
  head->in_name = depth == 2 && g_str_equal (element, "name");
}

static void
head_end_cb (GMarkupParseContext *context, const char *element, gpointer user_data, GError **error)
{
  XmlHead *head = user_data;
  if (head->in_name)
    g_set_error_literal (error, G_MARKUP_ERROR, G_MARKUP_ERROR_UNKNOWN_ELEMENT, "seen enough");
}

static void
head_text_cb (GMarkupParseContext *context,
              const char *text,
              gsize length,
              gpointer user_data,
              GError **error)
{
  XmlHead *head = user_data;
  if (head->in_name)
    g_string_append_len (head->name, text, (gssize) length);
}

/* A cached handle keeps the name and id of the time it was made. The XML has those that belong to
 * the state just read, without one more RPC. */
static char *
read_xml_head (const char *xml, int *id)
{
  static const GMarkupParser parser = { .start_element = head_start_cb,
                                        .end_element = head_end_cb,
                                        .text = head_text_cb };
  g_autoptr (GString) name = g_string_new (NULL);
  XmlHead head = { .id = -1, .name = name };
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, (GMarkupParseFlags) 0, &head, NULL);

  /* Ends with an error of our own, or with that of a document cut short. */
  g_markup_parse_context_parse (context, xml, (gssize) strnlen (xml, MAX_HEAD_BYTES), NULL);
  *id = head.id;
  return head.name->len > 0 ? g_strdup (head.name->str) : NULL;
}

static gboolean
is_gone (const GError *error)
{
  return kvmm_virt_error_get_code (error) == VIR_ERR_NO_DOMAIN;
}

static gboolean
is_lost (const GError *error)
{
  return g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
}

static char *
read_xml (virDomainPtr domain, unsigned int flags, GError **error)
{
  const char *name = virDomainGetName (domain);
  char *xml = virDomainGetXMLDesc (domain, flags);
  if (!xml)
    {
      g_autofree char *what = g_strdup_printf (_ ("Could not read the XML of “%s”"), name);
      kvmm_virt_error_take (error, what);
    }
  return xml;
}

static gboolean
read_state (virDomainPtr domain, KvmmDomainInfoFields *fields, GError **error)
{
  const char *name = virDomainGetName (domain);
  int state = VIR_DOMAIN_NOSTATE, reason = 0;
  if (virDomainGetState (domain, &state, &reason, 0) < 0)
    {
      g_autofree char *what = g_strdup_printf (_ ("Could not read the state of “%s”"), name);
      kvmm_virt_error_take (error, what);
      return FALSE;
    }
  fields->state = kvmm_domain_state_from_libvirt (state);
  fields->reason = reason;
  return TRUE;
}

static KvmmDomainInfo *
read_domain (virDomainPtr domain, const char *uuid, GError **error)
{
  KvmmDomainInfoFields fields = { .uuid = uuid, .id = -1 };
  if (!read_state (domain, &fields, error))
    return NULL;

  g_autoptr (GError) xml_error = NULL;
  g_autofree char *xml = read_xml (domain, 0, &xml_error);
  if (is_gone (xml_error) || is_lost (xml_error))
    {
      g_propagate_error (error, g_steal_pointer (&xml_error));
      return NULL;
    }
  g_autofree char *name = xml ? read_xml_head (xml, &fields.id) : NULL;
  fields.name = name ? name : virDomainGetName (domain);

  int autostart = 0;
  fields.persistent = virDomainIsPersistent (domain) == 1;
  fields.autostart = virDomainGetAutostart (domain, &autostart) == 0 && autostart;
  fields.has_managed_save = virDomainHasManagedSaveImage (domain, 0) == 1;
  return kvmm_domain_info_new (&fields, g_steal_pointer (&xml));
}

KvmmDomainInfo *
kvmm_virt_domain_read (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return NULL;

  g_autoptr (GError) failure = NULL;
  KvmmDomainInfo *info = read_domain (domain, uuid, &failure);
  if (is_gone (failure))
    kvmm_virt_connect_forget_domain (self, uuid);
  if (!info)
    g_propagate_error (error, g_steal_pointer (&failure));
  return info;
}

char *
kvmm_virt_domain_read_xml (KvmmVirtConnect *self,
                           const char *uuid,
                           gboolean inactive,
                           GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return NULL;

  g_autoptr (GError) failure = NULL;
  char *xml = read_xml (domain, inactive ? VIR_DOMAIN_XML_INACTIVE : 0, &failure);
  if (is_gone (failure))
    kvmm_virt_connect_forget_domain (self, uuid);
  if (!xml)
    g_propagate_error (error, g_steal_pointer (&failure));
  return xml;
}

/* ---- all ---- */

/* One domain of a listing under way. */
typedef struct
{
  virDomainPtr domain; /* (owned) */
  char uuid[VIR_UUID_STRING_BUFLEN];
  KvmmDomainInfoFields fields;
  gboolean has_state;
} Entry;

typedef struct
{
  virConnectPtr connect; /* (unowned) */
  GPtrArray *entries;    /* (element-type Entry) (owned) */
  GHashTable *by_uuid;   /* (element-type utf8 Entry) (owned) */
} Listing;

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  virDomainFree (entry->domain);
  g_free (entry);
}

static void
listing_clear (Listing *self)
{
  g_clear_pointer (&self->by_uuid, g_hash_table_unref);
  g_clear_pointer (&self->entries, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listing, listing_clear)

static void
mark_state (Entry *entry, KvmmDomainState state)
{
  entry->fields.state = state;
  entry->has_state = TRUE;
}

static void
mark (Entry *entry, unsigned int filter)
{
  if (filter == VIR_CONNECT_LIST_DOMAINS_RUNNING)
    mark_state (entry, KVMM_DOMAIN_STATE_RUNNING);
  else if (filter == VIR_CONNECT_LIST_DOMAINS_PAUSED)
    mark_state (entry, KVMM_DOMAIN_STATE_PAUSED);
  else if (filter == VIR_CONNECT_LIST_DOMAINS_SHUTOFF)
    mark_state (entry, KVMM_DOMAIN_STATE_SHUT_OFF);
  else if (filter == VIR_CONNECT_LIST_DOMAINS_TRANSIENT)
    entry->fields.persistent = FALSE;
  else if (filter == VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
    entry->fields.autostart = TRUE;
  else if (filter == VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)
    entry->fields.has_managed_save = TRUE;
}

/* libvirt filters on its side: a handful of calls for any number of domains, instead of four for
 * each. What changes between two of them is announced by an event and read again. */
static gboolean
apply_filter (Listing *self, unsigned int filter, GError **error)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (self->connect, &domains, filter);
  if (n_domains < 0)
    {
      g_autoptr (GError) failure = NULL;
      kvmm_virt_error_take (&failure, _ ("Could not list the virtual machines"));
      gboolean lost = is_lost (failure);
      if (lost)
        g_propagate_error (error, g_steal_pointer (&failure));
      else
        g_debug ("%s", failure->message);
      return !lost;
    }

  for (int i = 0; i < n_domains; i++)
    {
      char uuid[VIR_UUID_STRING_BUFLEN];
      Entry *entry = NULL;
      if (virDomainGetUUIDString (domains[i], uuid) == 0)
        entry = g_hash_table_lookup (self->by_uuid, uuid);
      if (entry)
        mark (entry, filter);
      virDomainFree (domains[i]);
    }
  g_free (domains);
  return TRUE;
}

static gboolean
list_handles (Listing *self, KvmmVirtConnect *owner, GError **error)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (self->connect, &domains, 0);
  if (n_domains < 0)
    {
      kvmm_virt_error_take (error, _ ("Could not list the virtual machines"));
      return FALSE;
    }

  self->entries = g_ptr_array_new_full ((guint) n_domains, entry_free);
  self->by_uuid = g_hash_table_new (g_str_hash, g_str_equal);
  kvmm_virt_connect_replace_domains (owner, domains, (guint) n_domains);
  for (int i = 0; i < n_domains; i++)
    {
      Entry *entry = g_new0 (Entry, 1);
      entry->domain = domains[i];
      if (virDomainGetUUIDString (entry->domain, entry->uuid) < 0)
        {
          entry_free (entry);
          continue;
        }
      unsigned int id = virDomainGetID (entry->domain);
      entry->fields.id = id > G_MAXINT ? -1 : (int) id;
      entry->fields.uuid = entry->uuid;
      entry->fields.name = virDomainGetName (entry->domain);
      entry->fields.persistent = TRUE;
      g_ptr_array_add (self->entries, entry);
      g_hash_table_insert (self->by_uuid, entry->uuid, entry);
    }
  g_free (domains);
  return TRUE;
}

/* Returns: (transfer full) (nullable): %NULL without @error when the domain is gone meanwhile */
static KvmmDomainInfo *
finish_entry (Entry *entry, gboolean with_xml, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *xml = NULL;

  /* The states that no filter names: blocked, shutting down, crashed, asleep. */
  if (!entry->has_state)
    read_state (entry->domain, &entry->fields, &failure);
  if (!failure && with_xml)
    xml = read_xml (entry->domain, 0, &failure);
  if (is_lost (failure))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (is_gone (failure))
    return NULL;
  /* One domain that cannot be read must not hide the others. */
  if (failure)
    g_debug ("%s", failure->message);
  return kvmm_domain_info_new (&entry->fields, g_steal_pointer (&xml));
}

GPtrArray *
kvmm_virt_connect_list_domains (KvmmVirtConnect *self, gboolean with_xml, GError **error)
{
  static const unsigned int filters[] = {
    VIR_CONNECT_LIST_DOMAINS_RUNNING,   VIR_CONNECT_LIST_DOMAINS_PAUSED,
    VIR_CONNECT_LIST_DOMAINS_SHUTOFF,   VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
    VIR_CONNECT_LIST_DOMAINS_AUTOSTART, VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,
  };
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  g_auto (Listing) listing = { .connect = connect };
  if (!list_handles (&listing, self, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    if (!apply_filter (&listing, filters[i], error))
      return NULL;

  g_autoptr (GPtrArray) infos =
      g_ptr_array_new_full (listing.entries->len, (GDestroyNotify) kvmm_domain_info_unref);
  for (guint i = 0; i < listing.entries->len; i++)
    {
      g_autoptr (GError) failure = NULL;
      KvmmDomainInfo *info = finish_entry (listing.entries->pdata[i], with_xml, &failure);
      if (info)
        g_ptr_array_add (infos, info);
      else if (failure)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return NULL;
        }
    }
  kvmm_domain_infos_sort (infos);
  return g_steal_pointer (&infos);
}
