/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-connection-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

/* In the order of the rows in the template. */
typedef enum
{
  KIND_SYSTEM,
  KIND_SESSION,
  KIND_SSH,
  KIND_TEST,
  KIND_URI,
} Kind;

struct _KvmmConnectionDialog
{
  AdwWindow parent_instance;

  KvmmSettings *settings;          /* (owned) */
  KvmmConnectionList *connections; /* (owned) */
  gboolean was_typed;              /* nothing is called wrong before it was typed */

  AdwComboRow *kind;
  GtkWidget *host;
  GtkWidget *user;
  GtkWidget *uri;
  GtkSwitch *autoconnect;
  GtkLabel *preview;
  GtkLabel *reason;
  GtkWidget *add_button;
};

G_DEFINE_FINAL_TYPE (KvmmConnectionDialog, kvmm_connection_dialog, ADW_TYPE_WINDOW)

static gboolean
refuse (const char **reason, const char *text)
{
  if (reason)
    *reason = text;

  return FALSE;
}

static gboolean
has_space (const char *text)
{
  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      if (g_unichar_isspace (g_utf8_get_char (p)))
        return TRUE;
    }

  return FALSE;
}

/* "qemu+ssh": a transport other than the local socket goes to a host. */
static gboolean
needs_host (const char *scheme)
{
  const char *transport = strchr (scheme, '+');

  return transport && !g_str_equal (transport, "+unix") && !g_str_equal (transport, "+ext");
}

gboolean
kvmm_connection_dialog_check_uri (const char *uri, const char **reason)
{
  g_autoptr (GUri) parsed = NULL;
  const char *path;

  if (!uri || !*uri)
    return refuse (reason, _ ("Type an address such as qemu+ssh://user@host/system."));
  if (strlen (uri) > KVMM_CONNECTION_DIALOG_MAX_URI)
    return refuse (reason, _ ("The address is too long."));
  if (!g_utf8_validate (uri, -1, NULL) || has_space (uri))
    return refuse (reason, _ ("The address must not contain spaces."));
  parsed = g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (!parsed || !strstr (uri, "://"))
    return refuse (reason, _ ("An address has the form driver://host/path."));
  if (needs_host (g_uri_get_scheme (parsed)) &&
      (!g_uri_get_host (parsed) || !*g_uri_get_host (parsed)))
    return refuse (reason, _ ("The name of the host is missing."));

  path = g_uri_get_path (parsed);
  if (g_str_has_prefix (g_uri_get_scheme (parsed), "qemu") && !g_str_equal (path, "/system") &&
      !g_str_equal (path, "/session") && !g_str_equal (path, "/embed"))
    return refuse (reason, _ ("An address of QEMU ends with /system or /session."));
  if (g_str_has_prefix (g_uri_get_scheme (parsed), "test") && strlen (path) < 2)
    return refuse (reason, _ ("An address of the test driver ends with /default or a file."));

  return TRUE;
}

static gboolean
is_bare_ipv6 (const char *host)
{
  const char *colon = strchr (host, ':');

  return host[0] != '[' && colon && strchr (colon + 1, ':');
}

char *
kvmm_connection_dialog_build_ssh_uri (const char *user, const char *host)
{
  g_autofree char *escaped =
      g_uri_escape_string (user ? user : "", G_URI_RESERVED_CHARS_SUBCOMPONENT_DELIMITERS, FALSE);
  gboolean brackets = is_bare_ipv6 (host);

  return g_strconcat ("qemu+ssh://", escaped, *escaped ? "@" : "", brackets ? "[" : "", host,
                      brackets ? "]" : "", "/system", NULL);
}

static const char *
get_text (GtkWidget *entry)
{
  return gtk_editable_get_text (GTK_EDITABLE (entry));
}

static char *
dup_uri (KvmmConnectionDialog *self)
{
  switch ((Kind) adw_combo_row_get_selected (self->kind))
    {
    case KIND_SYSTEM:
      return g_strdup ("qemu:///system");
    case KIND_SESSION:
      return g_strdup ("qemu:///session");
    case KIND_SSH:
      {
        g_autofree char *host = g_strstrip (g_strdup (get_text (self->host)));
        g_autofree char *user = g_strstrip (g_strdup (get_text (self->user)));

        return kvmm_connection_dialog_build_ssh_uri (user, host);
      }
    case KIND_TEST:
      return g_strdup ("test:///default");
    case KIND_URI:
      break;
    }

  return g_strstrip (g_strdup (get_text (self->uri)));
}

static gboolean
is_known (KvmmConnectionDialog *self, const char *uri)
{
  GListModel *model = G_LIST_MODEL (self->connections);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      if (g_str_equal (kvmm_connection_get_uri (connection), uri))
        return TRUE;
    }

  return FALSE;
}

static void
mark (GtkWidget *entry, gboolean wrong)
{
  if (wrong)
    gtk_widget_add_css_class (entry, "error");
  else
    gtk_widget_remove_css_class (entry, "error");
}

static void
update (KvmmConnectionDialog *self)
{
  Kind kind = adw_combo_row_get_selected (self->kind);
  g_autofree char *uri = dup_uri (self);
  const char *reason = NULL;
  gboolean ok = kvmm_connection_dialog_check_uri (uri, &reason);
  gboolean is_input = kind == KIND_SSH || kind == KIND_URI;
  gboolean complain;

  if (ok && is_known (self, uri))
    {
      ok = FALSE;
      reason = _ ("This connection is in the list already.");
    }
  complain = !ok && (self->was_typed || !is_input);

  gtk_widget_set_visible (self->host, kind == KIND_SSH);
  gtk_widget_set_visible (self->user, kind == KIND_SSH);
  gtk_widget_set_visible (self->uri, kind == KIND_URI);
  mark (self->host, complain);
  mark (self->uri, complain);
  gtk_label_set_text (self->preview, kind == KIND_URI ? "" : uri);
  gtk_widget_set_visible (GTK_WIDGET (self->preview), kind != KIND_URI);
  gtk_label_set_text (self->reason, complain && reason ? reason : "");
  gtk_widget_set_visible (GTK_WIDGET (self->reason), complain);
  gtk_widget_set_sensitive (self->add_button, ok);
}

static void
changed_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmConnectionDialog *self = user_data;

  self->was_typed = FALSE;
  update (self);
}

static void
typed_cb (GtkEditable *editable, gpointer user_data)
{
  KvmmConnectionDialog *self = user_data;

  self->was_typed = TRUE;
  update (self);
}

static void
add_cb (GtkButton *button, gpointer user_data)
{
  KvmmConnectionDialog *self = user_data;
  g_autofree char *uri = dup_uri (self);
  KvmmConnection *connection;

  kvmm_settings_add_connection (self->settings, uri, gtk_switch_get_active (self->autoconnect));
  connection = kvmm_connection_list_ensure (self->connections, uri, TRUE);
  kvmm_connection_connect (connection);
  gtk_window_close (GTK_WINDOW (self));
}

static void
kvmm_connection_dialog_dispose (GObject *object)
{
  KvmmConnectionDialog *self = KVMM_CONNECTION_DIALOG (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_CONNECTION_DIALOG);
  g_clear_object (&self->settings);
  g_clear_object (&self->connections);

  G_OBJECT_CLASS (kvmm_connection_dialog_parent_class)->dispose (object);
}

static void
kvmm_connection_dialog_class_init (KvmmConnectionDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_connection_dialog_dispose;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-connection-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, kind);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, host);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, user);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, uri);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, autoconnect);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, preview);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, reason);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionDialog, add_button);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_connection_dialog_init (KvmmConnectionDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_connection_dialog_present (GtkWindow *parent,
                                KvmmSettings *settings,
                                KvmmConnectionList *connections)
{
  KvmmConnectionDialog *self =
      g_object_new (KVMM_TYPE_CONNECTION_DIALOG, "transient-for", parent, NULL);

  self->settings = g_object_ref (settings);
  self->connections = g_object_ref (connections);
  /* What most people add second is another computer. */
  adw_combo_row_set_selected (self->kind,
                              is_known (self, "qemu:///system") ? KIND_SSH : KIND_SYSTEM);
  update (self);
  gtk_window_set_focus (GTK_WINDOW (self), GTK_WIDGET (self->kind));
  gtk_window_present (GTK_WINDOW (self));
}
