/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-edit.h"
#include "xml/kvmm-xml-pending.h"

G_BEGIN_DECLS

/* Changing a machine's definition. Main thread only.
 *
 * An edit begins with the stored definition, is made on a KvmmXmlEdit in memory, and is applied as
 * a whole. What another program changed meanwhile is kept: the edits are made again on it, or,
 * where both changed the same, refused with KVMM_XML_ERROR_CONFLICT. The definition is never
 * removed to be defined again. Every definition that is replaced goes to the machine's history. */

/**
 * kvmm_domain_begin_edit_async:
 *
 * finish returns: (transfer full): the stored definition, with its passwords: not for logs
 */
void kvmm_domain_begin_edit_async (KvmmDomain *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
KvmmXmlEdit *kvmm_domain_begin_edit_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

typedef enum
{
  KVMM_DOMAIN_EDIT_DEFAULT = 0,
  KVMM_DOMAIN_EDIT_LIVE = 1 << 0,     /* also give a running machine what it can take at once */
  KVMM_DOMAIN_EDIT_VALIDATE = 1 << 1, /* written by a person: libvirt's schema is asked first */
} KvmmDomainEditFlags;

/* How an edit was applied. */
typedef struct
{
  gboolean was_merged;    /* another program had changed the definition meanwhile */
  gboolean needs_restart; /* the machine runs, and something comes with its next start only */
  char *live_error;       /* (nullable) why the running machine did not take something */
  GPtrArray *by_libvirt;  /* (element-type KvmmXmlDiffLine) what libvirt made of it; may be empty */
} KvmmDomainApplied;
void kvmm_domain_applied_free (KvmmDomainApplied *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmDomainApplied, kvmm_domain_applied_free)

/**
 * kvmm_domain_apply_edit_async:
 * @edit: a copy is taken
 *
 * Fails with KVMM_XML_ERROR_CONFLICT, KVMM_XML_ERROR_INVALID_VALUE (see kvmm_xml_edit_check()) or
 * KVMM_VIRT_ERROR; the definition is as it was then. Cancelling detaches.
 */
void kvmm_domain_apply_edit_async (KvmmDomain *self,
                                   KvmmXmlEdit *edit,
                                   KvmmDomainEditFlags flags,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
KvmmDomainApplied *
kvmm_domain_apply_edit_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/* ---- what waits for the next start ---- */

/** kvmm_domain_list_pending_async: finish returns: (transfer full) (element-type KvmmXmlPending):
 * empty while the machine does not run */
void kvmm_domain_list_pending_async (KvmmDomain *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
GPtrArray *kvmm_domain_list_pending_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_discard_async: makes the definition say again what the running machine has. Fails
 * with KVMM_XML_ERROR_CONFLICT when that difference is not there any more */
void kvmm_domain_discard_async (KvmmDomain *self,
                                const KvmmXmlPending *pending,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean kvmm_domain_discard_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_discard_all_async: all of @list (element-type KvmmXmlPending) that can be discarded,
 * in one edit; what is not there any more is passed over */
void kvmm_domain_discard_all_async (KvmmDomain *self,
                                    GPtrArray *list,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean kvmm_domain_discard_all_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/* ---- history ---- */

/* Definitions kept of one machine, the newest first. */
#define KVMM_DOMAIN_VERSIONS_MAX 20

typedef struct
{
  gint64 time_us; /* Unix time: when it was replaced or, of the newest, written */
  char *xml;
} KvmmDomainVersion;
void kvmm_domain_version_free (KvmmDomainVersion *self);

/** kvmm_domain_list_versions_async: finish returns: (transfer full) (element-type
 * KvmmDomainVersion): the newest first; read from this user's own files */
void kvmm_domain_list_versions_async (KvmmDomain *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
GPtrArray *
kvmm_domain_list_versions_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_restore_async: defines an earlier version again, under the name that the machine has
 * now */
void kvmm_domain_restore_async (KvmmDomain *self,
                                const KvmmDomainVersion *version,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean kvmm_domain_restore_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/* ---- starting by another definition, once ---- */

/**
 * kvmm_domain_start_as_async:
 * @edit: (transfer none): of kvmm_domain_begin_edit_async(), with what is to be different
 *
 * Starts the stopped machine by the changed document; the stored definition stays, and the machine
 * has it again when it was shut down. What another program changed meanwhile is in it
 * too; fails with KVMM_XML_ERROR_CONFLICT where both changed the same,
 * KVMM_XML_ERROR_INVALID_VALUE, KVMM_VIRT_ERROR.
 */
void kvmm_domain_start_as_async (KvmmDomain *self,
                                 KvmmXmlEdit *edit,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kvmm_domain_start_as_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/* ---- names and words ---- */

/** kvmm_domain_check_name: whether a machine may be called so, whoever else is */
gboolean kvmm_domain_check_name (const char *name, GError **error);

/** kvmm_domain_rename_async: of a stopped machine */
void kvmm_domain_rename_async (KvmmDomain *self,
                               const char *new_name,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean kvmm_domain_rename_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_set_template_async: whether others are made of it. Written into its metadata, where
 * its tags and what others keep there stay. */
void kvmm_domain_set_template_async (KvmmDomain *self,
                                     gboolean is_template,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean kvmm_domain_set_template_finish (KvmmDomain *self, GAsyncResult *result, GError **error);
/** kvmm_domain_end_wait_async: it was started: kvmm_domain_get_wait() says KVMM_XML_WAIT_NONE from
 * now on. Succeeds too when it did before. */
void kvmm_domain_end_wait_async (KvmmDomain *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kvmm_domain_end_wait_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_set_tags_async: @tags: see kvmm_xml_metadata_build(). Written into the metadata of
 * its definition and, while it runs, of the running machine; what others keep there stays. */
void kvmm_domain_set_tags_async (KvmmDomain *self,
                                 const char *const *tags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kvmm_domain_set_tags_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

G_END_DECLS
