/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-tree-group.h"

#include <glib/gi18n.h>

#include "util/kvmm-units.h"

struct _KvmmTreeGroup
{
  AdwPreferencesGroup parent_instance;

  KvmmOsCatalog *catalog; /* (owned) (nullable) until it is set */
  KvmmInstallTree *tree;  /* (owned) (nullable) at what is typed */
  char *problem;          /* (owned) (nullable) why there is none */
  GCancellable *looking;  /* (owned) (nullable) while a server is asked */

  GtkWidget *url;
  GtkButton *look_button;
  AdwExpanderRow *arguments_row;
  GtkWidget *arguments;
  GtkLabel *found;
};

G_DEFINE_FINAL_TYPE (KvmmTreeGroup, kvmm_tree_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  CHANGED,
  FOUND,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static const char *
get_text (GtkWidget *entry)
{
  return gtk_editable_get_text (GTK_EDITABLE (entry));
}

static void
set_class (GtkWidget *widget, const char *name, gboolean has_it)
{
  if (has_it)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
say (KvmmTreeGroup *self, const char *text, gboolean is_wrong)
{
  gtk_label_set_text (self->found, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->found), text != NULL);
  set_class (GTK_WIDGET (self->found), "error", is_wrong);
  set_class (GTK_WIDGET (self->found), "dim-label", !is_wrong);
  set_class (self->url, "error", is_wrong);
}

static void
show_looking (KvmmTreeGroup *self)
{
  gtk_button_set_label (self->look_button, self->looking != NULL ? _ ("S_top") : _ ("_Look Up"));
}

static void
stop_looking (KvmmTreeGroup *self)
{
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
}

/* The whole line, as the kernel will have it. */
static void
show_arguments (KvmmTreeGroup *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line =
      self->tree != NULL
          ? kvmm_install_tree_build_arguments (self->tree, get_text (self->arguments), &error)
          : g_strdup (get_text (self->arguments));

  adw_expander_row_set_subtitle (self->arguments_row, line != NULL ? line : "");
  set_class (self->arguments, "error", error != NULL);
}

static char *
dup_size (guint64 bytes)
{
  return bytes > 0 ? kvmm_units_bytes (bytes) : g_strdup (_ ("unknown size"));
}

static void
show_tree (KvmmTreeGroup *self)
{
  g_autofree char *kernel = dup_size (self->tree->kernel_bytes);
  g_autofree char *initrd = dup_size (self->tree->initrd_bytes);
  const char *name = self->tree->name != NULL ? self->tree->name : _ ("An unknown system");
  g_autofree char *text = g_strdup_printf (_ ("%s for %s. Kernel: %s, initial RAM disk: %s."), name,
                                           self->tree->arch, kernel, initrd);

  say (self, text, FALSE);
}

/* ---- looking ---- */

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTreeGroup *self;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmInstallTree) tree = kvmm_install_tree_find_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* by who may be gone */
  self = user_data;
  g_clear_object (&self->looking);
  show_looking (self);
  if (tree == NULL)
    {
      self->problem = g_strdup (error->message);
      say (self, error->message, TRUE);
    }
  else
    {
      self->tree = g_steal_pointer (&tree);
      show_tree (self);
    }
  show_arguments (self);
  g_signal_emit (self, signals[CHANGED], 0);
  if (self->tree != NULL)
    g_signal_emit (self, signals[FOUND], 0);
}

/* What was found is not at another address. */
static void
forget (KvmmTreeGroup *self)
{
  stop_looking (self);
  g_clear_pointer (&self->tree, kvmm_install_tree_free);
  g_clear_pointer (&self->problem, g_free);
}

static void
look_cb (KvmmTreeGroup *self)
{
  gboolean was_looking = self->looking != NULL;
  g_autoptr (GError) error = NULL;

  forget (self);
  say (self, NULL, FALSE);
  if (!was_looking && kvmm_http_check_url (get_text (self->url), &error))
    {
      self->looking = g_cancellable_new ();
      say (self, _ ("Looking at what is there"), FALSE);
      kvmm_install_tree_find_async (self->catalog, get_text (self->url), self->looking, found_cb,
                                    self);
    }
  else if (error != NULL)
    say (self, error->message, TRUE);
  show_looking (self);
  show_arguments (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
url_cb (GtkEditable *editable, gpointer user_data)
{
  KvmmTreeGroup *self = user_data;
  const char *url = get_text (self->url);
  g_autoptr (GError) error = NULL;
  gboolean is_right = kvmm_http_check_url (url, &error);
  /* Nobody who is still at "http" has made a mistake. */
  gboolean is_begun = g_str_has_prefix ("https://", url) || g_str_has_prefix ("http://", url);

  forget (self);
  say (self, is_right || is_begun ? NULL : error->message, !is_right && !is_begun);
  gtk_widget_set_sensitive (GTK_WIDGET (self->look_button), is_right);
  show_looking (self);
  show_arguments (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
arguments_cb (GtkEditable *editable, gpointer user_data)
{
  KvmmTreeGroup *self = user_data;

  show_arguments (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- reading ---- */

const KvmmInstallTree *
kvmm_tree_group_get (KvmmTreeGroup *self, GError **error)
{
  g_autofree char *line = NULL;

  g_return_val_if_fail (KVMM_IS_TREE_GROUP (self), NULL);

  if (self->tree == NULL)
    {
      g_set_error_literal (
          error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_UNKNOWN,
          self->looking != NULL   ? _ ("Wait until the installation tree has been looked up.")
          : self->problem != NULL ? _ ("Nothing can be installed from the address.")
                                  : _ ("Look up the installation tree first."));
      return NULL;
    }
  line = kvmm_install_tree_build_arguments (self->tree, get_text (self->arguments), error);
  return line != NULL ? self->tree : NULL;
}

const char *
kvmm_tree_group_get_arguments (KvmmTreeGroup *self)
{
  g_return_val_if_fail (KVMM_IS_TREE_GROUP (self), "");

  return get_text (self->arguments);
}

void
kvmm_tree_group_set_catalog (KvmmTreeGroup *self, KvmmOsCatalog *catalog)
{
  g_return_if_fail (KVMM_IS_TREE_GROUP (self));

  g_set_object (&self->catalog, catalog);
}

/* ---- class ---- */

static void
dispose (GObject *object)
{
  KvmmTreeGroup *self = KVMM_TREE_GROUP (object);

  stop_looking (self);
  g_clear_object (&self->catalog);
  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_TREE_GROUP);
  G_OBJECT_CLASS (kvmm_tree_group_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  KvmmTreeGroup *self = KVMM_TREE_GROUP (object);

  g_clear_pointer (&self->tree, kvmm_install_tree_free);
  g_free (self->problem);
  G_OBJECT_CLASS (kvmm_tree_group_parent_class)->finalize (object);
}

static void
kvmm_tree_group_class_init (KvmmTreeGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  signals[CHANGED] =
      g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FOUND] =
      g_signal_new ("found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-tree-group.ui");
#define BIND(child) gtk_widget_class_bind_template_child (widget_class, KvmmTreeGroup, child)
  BIND (url);
  BIND (look_button);
  BIND (arguments_row);
  BIND (arguments);
  BIND (found);
#undef BIND
  gtk_widget_class_bind_template_callback (widget_class, url_cb);
  gtk_widget_class_bind_template_callback (widget_class, look_cb);
  gtk_widget_class_bind_template_callback (widget_class, arguments_cb);
}

static void
kvmm_tree_group_init (KvmmTreeGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_sensitive (GTK_WIDGET (self->look_button), FALSE);
}
