/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-new-machine-window.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "ui/kvmm-appliance-group.h"
#include "ui/kvmm-cloud-group.h"
#include "ui/kvmm-dialogs.h"
#include "ui/kvmm-machine-window.h"
#include "ui/kvmm-new-machine-choices.h"
#include "ui/kvmm-new-machine-system.h"
#include "ui/kvmm-tree-group.h"
#include "util/kvmm-units.h"
#include "virt/kvmm-virt-connect.h"

#define GIB (G_GUINT64_CONSTANT (1) << 30)

/* In the order of the rows in the template. */
typedef enum
{
  SOURCE_DISC,
  SOURCE_IMPORT,
  SOURCE_VOLUME,
  SOURCE_CLOUD,
  SOURCE_APPLIANCE,
  SOURCE_TREE,
  SOURCE_NETWORK,
  SOURCE_EMPTY,
} Source;

struct _KvmmNewMachineWindow
{
  AdwWindow parent_instance;

  KvmmSettings *settings;      /* (owned) */
  GtkApplication *application; /* (unowned) (nullable) */
  GPtrArray *hosts;            /* (owned) KvmmConnection, connected ones */
  KvmmNewMachineHost *host;    /* (owned) (nullable) of the chosen connection */
  GCancellable *looking;       /* (owned) (nullable) at the host */
  GCancellable *creating;      /* (owned) (nullable) while it is made */
  char *made_uuid;             /* (owned) (nullable) of the machine that was made */
  gboolean name_is_ours;       /* suggested, not typed */
  gboolean may_upload;         /* a person agreed */
  gboolean may_share;          /* a person agreed */
  gboolean is_suggesting;

  KvmmNewMachineChoices choices;
  KvmmNewMachineSystem system;
  GtkWidget *form;
  AdwComboRow *host_row;
  AdwComboRow *source;
  GtkWidget *path;
  GtkWidget *browse_button;
  GtkWidget *name;
  GtkSpinButton *memory;
  GtkSpinButton *processors;
  GtkWidget *tpm_row;
  GtkSwitch *tpm;
  KvmmCloudGroup *cloud;
  KvmmApplianceGroup *appliance;
  KvmmTreeGroup *tree;
  AdwActionRow *size_row;
  GtkSpinButton *disk_size;
  GtkWidget *disk_group;
  GtkLabel *pool_note;
  GtkWidget *interface;
  GtkWidget *customise_row;
  GtkSwitch *customise;
  GtkLabel *notice;
  GtkLabel *reason;
  GtkProgressBar *progress;
  GtkWidget *create_button;
};

G_DEFINE_FINAL_TYPE (KvmmNewMachineWindow, kvmm_new_machine_window, ADW_TYPE_WINDOW)

static void
stop (GCancellable **cancellable)
{
  g_cancellable_cancel (*cancellable);
  g_clear_object (cancellable);
}

static KvmmConnection *
get_connection (KvmmNewMachineWindow *self)
{
  guint i = adw_combo_row_get_selected (self->host_row);

  return i < self->hosts->len ? self->hosts->pdata[i] : NULL;
}

static Source
get_source (KvmmNewMachineWindow *self)
{
  return (Source) adw_combo_row_get_selected (self->source);
}

static const char *
get_text (GtkWidget *entry)
{
  return gtk_editable_get_text (GTK_EDITABLE (entry));
}

static void
say (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && *text != '\0');
}

/* ---- what can be made now ---- */

/* Returns: (transfer full) (nullable): why the name will not do */
static char *
check_name (KvmmNewMachineWindow *self)
{
  KvmmConnection *connection = get_connection (self);
  const char *name = get_text (self->name);
  g_autoptr (GError) error = NULL;
  KvmmDomain *other;

  if (!kvmm_xml_machine_name_check (name, &error))
    return g_strdup (error->message);
  other = connection != NULL ? kvmm_connection_find (connection, name) : NULL;
  if (other != NULL && g_str_equal (kvmm_domain_get_name (other), name))
    return g_strdup_printf (_ ("There is a machine called “%s” on this host."), name);
  return NULL;
}

/* From this computer, wherever the host is. */
static gboolean
is_always_copied (Source source)
{
  return source == SOURCE_CLOUD || source == SOURCE_APPLIANCE;
}

static gboolean
needs_image (Source source)
{
  return source == SOURCE_DISC || source == SOURCE_IMPORT || is_always_copied (source);
}

/* Returns: (transfer full) (nullable): why nothing can be installed from the tree */
static char *
check_tree (KvmmNewMachineWindow *self)
{
  g_autoptr (GError) error = NULL;
  const KvmmInstallTree *tree = kvmm_tree_group_get (self->tree, &error);

  return tree == NULL || (self->host != NULL && !kvmm_new_machine_check_tree_arch (
                                                    tree, self->host->options->arch, &error))
             ? g_strdup (error->message)
             : NULL;
}

/* Returns: (transfer full) (nullable): why it cannot be made */
static char *
check (KvmmNewMachineWindow *self)
{
  g_autoptr (KvmmCloudSeed) seed = NULL;
  g_autoptr (GError) error = NULL;
  char *problem = check_name (self);

  if (problem == NULL && get_source (self) == SOURCE_TREE)
    return check_tree (self);
  if (problem != NULL || get_source (self) != SOURCE_CLOUD)
    return problem;
  seed = kvmm_cloud_group_read (self->cloud, &error);
  return seed == NULL ? g_strdup (error->message) : NULL;
}

static void
update (KvmmNewMachineWindow *self)
{
  Source source = get_source (self);
  gboolean has_image = needs_image (source);
  gboolean is_typed = *get_text (self->name) != '\0';
  g_autofree char *name_problem = check_name (self);
  g_autofree char *problem = check (self);
  gboolean is_typed_interface;
  gboolean can;

  kvmm_new_machine_choices_get_network (&self->choices, &is_typed_interface);

  gtk_widget_set_visible (self->path, has_image);
  /* The pool takes an image that is copied, too. */
  gtk_widget_set_visible (GTK_WIDGET (self->choices.volume), source == SOURCE_VOLUME);
  gtk_widget_set_visible (self->disk_group, source != SOURCE_VOLUME);
  gtk_widget_set_visible (GTK_WIDGET (self->size_row),
                          source != SOURCE_IMPORT && source != SOURCE_APPLIANCE);
  adw_action_row_set_subtitle (self->size_row,
                               source == SOURCE_CLOUD
                                   ? _ ("At least; 0: as the image is. Takes its space as it is "
                                        "written to.")
                                   : _ ("0: no disk. Takes its space as it is written to."));
  gtk_widget_set_visible (GTK_WIDGET (self->cloud), source == SOURCE_CLOUD);
  gtk_widget_set_visible (GTK_WIDGET (self->appliance), source == SOURCE_APPLIANCE);
  gtk_widget_set_visible (self->browse_button, is_always_copied (source) || self->host == NULL ||
                                                   !self->host->is_remote);
  gtk_widget_set_visible (GTK_WIDGET (self->tree), source == SOURCE_TREE);
  /* The installer of a tree is there for the first start alone. */
  gtk_widget_set_visible (self->customise_row, source != SOURCE_TREE);
  if (name_problem != NULL && is_typed)
    gtk_widget_add_css_class (self->name, "error");
  else
    gtk_widget_remove_css_class (self->name, "error");
  can = self->host != NULL && self->creating == NULL && problem == NULL &&
        (!has_image || *get_text (self->path) == '/') &&
        (!is_typed_interface || kvmm_xml_interface_name_check (get_text (self->interface))) &&
        (source != SOURCE_APPLIANCE || kvmm_appliance_group_get (self->appliance) != NULL) &&
        (source != SOURCE_VOLUME ||
         kvmm_new_machine_choices_get_volume (&self->choices, self->host) != NULL);
  gtk_widget_set_sensitive (self->create_button, can);
  say (self->reason, is_typed && self->creating == NULL ? problem : NULL);
}

static void
typed_cb (GtkEditable *editable, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;

  if (GTK_WIDGET (editable) == self->name && !self->is_suggesting)
    self->name_is_ours = FALSE;
  if (GTK_WIDGET (editable) == self->name)
    kvmm_cloud_group_suggest_host_name (self->cloud, get_text (self->name));
  update (self);
}

static void
network_cb (GObject *row, GParamSpec *pspec, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  gboolean is_typed;
  KvmmXmlNetworkKind kind = kvmm_new_machine_choices_get_network (&self->choices, &is_typed);

  gtk_widget_set_visible (self->interface, is_typed);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->interface),
                                 kind == KVMM_XML_NETWORK_DIRECT ? _ ("Card of the Host")
                                                                 : _ ("Bridge of the Host"));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->choices.network),
                               kind == KVMM_XML_NETWORK_DIRECT
                                   ? _ ("The machine reaches the network, but not the host itself.")
                                   : "");
  update (self);
}

/* ---- the system ---- */

/* "Debian 12" gives "debian-12", and "debian-12-2" when there is one. */
static void
suggest_name (KvmmNewMachineWindow *self, const char *system)
{
  g_autoptr (GString) base = g_string_new (NULL);
  g_autofree char *name = NULL;

  if (!self->name_is_ours)
    return;
  for (const char *p = system; *p != '\0' && base->len < 40; p++)
    if (g_ascii_isalnum (*p) || *p == '.')
      g_string_append_c (base, g_ascii_tolower (*p));
    else if (base->len > 0 && base->str[base->len - 1] != '-')
      g_string_append_c (base, '-');
  while (base->len > 0 && base->str[base->len - 1] == '-')
    g_string_truncate (base, base->len - 1);
  name = g_strdup (base->len > 0 ? base->str : "machine");
  for (guint i = 2;
       get_connection (self) != NULL && kvmm_connection_find (get_connection (self), name) != NULL;
       i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-%u", base->str, i);
    }
  self->is_suggesting = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->name), name);
  self->is_suggesting = FALSE;
}

/* What is known of the host and the system may come after a person has written. */
#define TYPED_KEY "kvmm-typed"

static void
number_cb (GtkEditable *spin, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;

  if (!self->is_suggesting)
    g_object_set_data (G_OBJECT (spin), TYPED_KEY, self);
}

static void
suggest_number (GtkSpinButton *spin, double value)
{
  if (g_object_get_data (G_OBJECT (spin), TYPED_KEY) == NULL)
    gtk_spin_button_set_value (spin, value);
}

/* What the appliance was made with goes before what its system is known to want. */
static void
apply_appliance (KvmmNewMachineWindow *self)
{
  const KvmmXmlOvf *ovf =
      get_source (self) == SOURCE_APPLIANCE ? kvmm_appliance_group_get (self->appliance) : NULL;

  if (ovf == NULL)
    return;
  if (ovf->memory_kib > 0)
    suggest_number (self->memory, (double) (ovf->memory_kib / 1024));
  if (ovf->vcpus > 0)
    suggest_number (self->processors, ovf->vcpus);
  kvmm_new_machine_choices_select_firmware (&self->choices, ovf->firmware);
}

/* The system's wishes, as far as the host can grant them; numbers that a person wrote stay. */
static void
apply_needs (KvmmNewMachineWindow *self)
{
  g_autoptr (KvmmNewMachine) plan = NULL;

  if (self->host == NULL)
    return;
  plan = kvmm_new_machine_new ();
  kvmm_new_machine_apply_needs (plan, &self->system.needs, self->host);
  self->is_suggesting = TRUE;
  suggest_number (self->memory, (double) (plan->memory_kib / 1024));
  suggest_number (self->processors, plan->vcpus);
  suggest_number (self->disk_size, ceil ((double) plan->disk_bytes / (double) GIB));
  kvmm_new_machine_choices_select_firmware (&self->choices, plan->firmware);
  gtk_switch_set_active (self->tpm, plan->has_tpm);
  apply_appliance (self);
  self->is_suggesting = FALSE;
}

static void
appliance_cb (KvmmNewMachineWindow *self)
{
  const KvmmXmlOvf *ovf = kvmm_appliance_group_get (self->appliance);

  apply_needs (self);
  if (ovf != NULL && ovf->name != NULL)
    suggest_name (self, ovf->name);
  update (self);
}

static void
needs_cb (gpointer user_data)
{
  apply_needs (user_data);
}

static void
named_cb (const char *system, gpointer user_data)
{
  suggest_name (user_data, system);
}

static void
system_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;

  kvmm_new_machine_system_chosen (&self->system);
}

static void
tree_cb (KvmmTreeGroup *group, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  const KvmmInstallTree *tree = kvmm_tree_group_get (self->tree, NULL);

  if (tree == NULL)
    return;
  if (tree->name != NULL)
    suggest_name (self, tree->name);
  kvmm_new_machine_system_choose (&self->system, tree->os_id);
}

static void
path_cb (GtkEditable *editable, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  const char *path = get_text (self->path);

  say (self->system.found,
       *path != '\0' && *path != '/' ? _ ("Type the whole path, from “/” on.") : NULL);
  /* What is on another computer cannot be looked at from here. */
  kvmm_new_machine_system_detect (&self->system, *path == '/' && get_source (self) == SOURCE_DISC &&
                                                         self->host != NULL &&
                                                         !self->host->is_remote
                                                     ? path
                                                     : NULL);
  kvmm_appliance_group_look (self->appliance,
                             *path == '/' && get_source (self) == SOURCE_APPLIANCE ? path : NULL);
  update (self);
}

static void
source_cb (GObject *row, GParamSpec *pspec, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;

  path_cb (GTK_EDITABLE (self->path), self);
}

static void
chosen_cb (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  if (file != NULL && g_file_peek_path (file) != NULL)
    gtk_editable_set_text (GTK_EDITABLE (self->path), g_file_peek_path (file));
  gtk_native_dialog_destroy (dialog);
  g_object_unref (dialog);
}

static void
browse_cb (GtkButton *button, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  /* Given back by its response. */
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Choose an Image"), GTK_WINDOW (self),
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"), _ ("_Cancel"));

  if (get_source (self) == SOURCE_APPLIANCE)
    kvmm_appliance_group_add_filters (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (chosen_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* ---- the host ---- */

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmNewMachineHost) host = kvmm_new_machine_look_finish (result, &error);
  g_autofree char *note = NULL;
  const KvmmXmlMachineOptions *options;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (host == NULL)
    {
      say (self->notice, error->message);
      return;
    }
  self->host = g_steal_pointer (&host);
  options = self->host->options;
  note = kvmm_new_machine_choices_fill (&self->choices, self->host);
  say (self->pool_note, note);
  self->is_suggesting = TRUE;
  gtk_spin_button_set_range (self->processors, 1,
                             options->max_vcpus > 0 ? options->max_vcpus : 1024);
  self->is_suggesting = FALSE;
  gtk_widget_set_visible (self->tpm_row, options->has_tpm);
  say (self->notice, g_str_equal (options->virt_type, "kvm")
                         ? NULL
                         : _ ("This host cannot run it with KVM: it will be emulated, and slow."));
  apply_needs (self);
  path_cb (GTK_EDITABLE (self->path), self);
}

static void
host_cb (GObject *row, GParamSpec *pspec, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  KvmmConnection *connection = get_connection (self);

  stop (&self->looking);
  g_clear_pointer (&self->host, kvmm_new_machine_host_free);
  if (connection != NULL)
    {
      self->looking = g_cancellable_new ();
      kvmm_new_machine_look_async (connection, self->looking, looked_cb, self);
    }
  update (self);
}

/* ---- making it ---- */

static KvmmNewMachine *
read_form (KvmmNewMachineWindow *self)
{
  KvmmNewMachine *plan = kvmm_new_machine_new ();
  Source source = get_source (self);
  const KvmmOs *os = kvmm_new_machine_system_get (&self->system);

  /* What was typed counts, with the focus still there. */
  gtk_spin_button_update (self->memory);
  gtk_spin_button_update (self->processors);
  gtk_spin_button_update (self->disk_size);
  plan->name = g_strdup (get_text (self->name));
  plan->source = source == SOURCE_DISC        ? KVMM_NEW_MACHINE_DISC
                 : source == SOURCE_IMPORT    ? KVMM_NEW_MACHINE_IMPORT
                 : source == SOURCE_VOLUME    ? KVMM_NEW_MACHINE_VOLUME
                 : source == SOURCE_CLOUD     ? KVMM_NEW_MACHINE_CLOUD
                 : source == SOURCE_APPLIANCE ? KVMM_NEW_MACHINE_APPLIANCE
                 : source == SOURCE_TREE      ? KVMM_NEW_MACHINE_TREE
                 : source == SOURCE_NETWORK   ? KVMM_NEW_MACHINE_NETWORK
                                              : KVMM_NEW_MACHINE_EMPTY;
  if (needs_image (source))
    plan->path = g_strdup (get_text (self->path));
  if (source == SOURCE_CLOUD)
    plan->cloud = kvmm_cloud_group_read (self->cloud, NULL);
  if (source == SOURCE_TREE)
    {
      plan->tree = kvmm_install_tree_copy (kvmm_tree_group_get (self->tree, NULL));
      plan->tree_arguments = g_strdup (kvmm_tree_group_get_arguments (self->tree));
    }
  plan->os_id = os != NULL ? g_strdup (os->id) : NULL;
  plan->needs = self->system.needs;
  plan->memory_kib = (guint64) gtk_spin_button_get_value (self->memory) * 1024;
  plan->vcpus = (guint) gtk_spin_button_get_value_as_int (self->processors);
  plan->has_tpm = self->host->options->has_tpm && gtk_switch_get_active (self->tpm);
  plan->disk_bytes = source == SOURCE_IMPORT || source == SOURCE_APPLIANCE
                         ? 0
                         : (guint64) gtk_spin_button_get_value (self->disk_size) * GIB;
  kvmm_new_machine_choices_read (&self->choices, self->host, get_text (self->interface), plan);
  plan->start = source == SOURCE_TREE || !gtk_switch_get_active (self->customise);
  plan->may_upload = self->may_upload;
  plan->may_share = self->may_share;
  return plan;
}

static void
set_busy (KvmmNewMachineWindow *self, gboolean is_busy)
{
  gtk_widget_set_sensitive (self->form, !is_busy);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), is_busy);
  gtk_progress_bar_set_text (self->progress, _ ("Making the machine"));
  gtk_progress_bar_set_fraction (self->progress, 0);
  if (!is_busy)
    g_clear_object (&self->creating);
  update (self);
}

static void create (KvmmNewMachineWindow *self);

static void
agreed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmNewMachineWindow) self = user_data;

  if (kvmm_dialogs_confirm_finish (result) && self->host != NULL)
    {
      self->may_upload = TRUE;
      create (self);
    }
}

static void
shared_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmNewMachineWindow) self = user_data;

  if (kvmm_dialogs_confirm_finish (result) && self->host != NULL)
    {
      self->may_share = TRUE;
      create (self);
    }
}

static void
show_machine (KvmmNewMachineWindow *self)
{
  KvmmConnection *connection = get_connection (self);
  KvmmDomain *domain =
      connection != NULL ? kvmm_connection_find (connection, self->made_uuid) : NULL;

  if (domain == NULL)
    return;
  if (self->application != NULL)
    kvmm_machine_window_present (
        self->application, self->settings, domain,
        get_source (self) != SOURCE_TREE && gtk_switch_get_active (self->customise) ? "hardware"
                                                                                    : NULL);
  gtk_window_destroy (GTK_WINDOW (self));
}

/* libvirt's event may be a little later than its answer. */
static void
show_machine_when_listed (KvmmNewMachineWindow *self)
{
  set_busy (self, TRUE);
  gtk_progress_bar_set_fraction (self->progress, 1);
  g_signal_connect_object (get_connection (self), "items-changed", G_CALLBACK (show_machine), self,
                           G_CONNECT_SWAPPED);
  show_machine (self);
}

static void
created_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmNewMachineWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = kvmm_new_machine_create_finish (result, &error);

  if (self->creating == NULL)
    return; /* closed meanwhile */
  set_busy (self, FALSE);
  if (uuid != NULL)
    {
      self->made_uuid = g_steal_pointer (&uuid);
      show_machine_when_listed (self);
    }
  else if (g_error_matches (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_UPLOAD_NEEDED))
    {
      g_autofree char *body = g_strdup_printf (
          _ ("%s\n\nIt can be copied into the storage pool, where QEMU can use it."),
          error->message);

      kvmm_dialogs_confirm_async (GTK_WIDGET (self), _ ("Copy the Image?"), body, _ ("_Copy"),
                                  FALSE, agreed_cb, g_object_ref (self));
    }
  else if (g_error_matches (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_SHARED))
    kvmm_dialogs_confirm_async (GTK_WIDGET (self), _ ("Share the Disk?"), error->message,
                                _ ("_Share It"), TRUE, shared_cb, g_object_ref (self));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    say (self->reason, error->message);
}

static void
progress_cb (goffset done_bytes, goffset total_bytes, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;
  g_autofree char *done = kvmm_units_bytes ((guint64) done_bytes);
  g_autofree char *total = kvmm_units_bytes ((guint64) total_bytes);
  double part = total_bytes > 0 ? (double) done_bytes / (double) total_bytes : 0;
  /* An appliance counts its bytes once for each thing that is done with them. */
  g_autofree char *text =
      get_source (self) == SOURCE_APPLIANCE
          ? g_strdup_printf (_ ("Importing the appliance: %d %%"), (int) (part * 100))
      : get_source (self) == SOURCE_TREE
          ? g_strdup_printf (_ ("Fetching the installer: %s of %s"), done, total)
          : g_strdup_printf (_ ("Copying the image: %s of %s"), done, total);

  gtk_progress_bar_set_text (self->progress, text);
  gtk_progress_bar_set_fraction (self->progress, part);
}

/* The operation holds the window until it has ended. */
static void
create (KvmmNewMachineWindow *self)
{
  g_autoptr (KvmmNewMachine) plan = read_form (self);

  self->creating = g_cancellable_new ();
  set_busy (self, TRUE);
  kvmm_new_machine_create_async (plan, get_connection (self), progress_cb, self, self->creating,
                                 created_cb, g_object_ref (self));
}

static void
create_cb (GtkButton *button, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;

  /* What was agreed to was about what stood there then. */
  self->may_upload = self->may_share = FALSE;
  create (self);
}

static void
cancel_cb (GtkButton *button, gpointer user_data)
{
  KvmmNewMachineWindow *self = user_data;

  if (self->creating != NULL)
    g_cancellable_cancel (self->creating);
  else
    gtk_window_destroy (GTK_WINDOW (self));
}

static void
escape_cb (GtkWidget *widget, const char *action, GVariant *parameter)
{
  cancel_cb (NULL, KVMM_NEW_MACHINE_WINDOW (widget));
}

/* ---- class ---- */

static void
dispose (GObject *object)
{
  KvmmNewMachineWindow *self = KVMM_NEW_MACHINE_WINDOW (object);

  kvmm_new_machine_system_stop (&self->system);
  stop (&self->looking);
  stop (&self->creating);
  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_NEW_MACHINE_WINDOW);
  g_clear_pointer (&self->host, kvmm_new_machine_host_free);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_new_machine_window_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  KvmmNewMachineWindow *self = KVMM_NEW_MACHINE_WINDOW (object);

  g_clear_pointer (&self->hosts, g_ptr_array_unref);
  kvmm_new_machine_choices_clear (&self->choices);
  kvmm_new_machine_system_clear (&self->system);
  g_free (self->made_uuid);
  G_OBJECT_CLASS (kvmm_new_machine_window_parent_class)->finalize (object);
}

static void
bind_callbacks (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_callback (widget_class, host_cb);
  gtk_widget_class_bind_template_callback (widget_class, source_cb);
  gtk_widget_class_bind_template_callback (widget_class, path_cb);
  gtk_widget_class_bind_template_callback (widget_class, tree_cb);
  gtk_widget_class_bind_template_callback (widget_class, browse_cb);
  gtk_widget_class_bind_template_callback (widget_class, typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, appliance_cb);
  gtk_widget_class_bind_template_callback (widget_class, system_cb);
  gtk_widget_class_bind_template_callback (widget_class, network_cb);
  gtk_widget_class_bind_template_callback (widget_class, create_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_cb);
}

static void
kvmm_new_machine_window_class_init (KvmmNewMachineWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (KVMM_TYPE_APPLIANCE_GROUP);
  g_type_ensure (KVMM_TYPE_CLOUD_GROUP);
  g_type_ensure (KVMM_TYPE_TREE_GROUP);
  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-new-machine-window.ui");
#define BIND(child) gtk_widget_class_bind_template_child (widget_class, KvmmNewMachineWindow, child)
  BIND (form);
  gtk_widget_class_bind_template_child_full (widget_class, "host", FALSE,
                                             G_STRUCT_OFFSET (KvmmNewMachineWindow, host_row));
  BIND (source);
  BIND (path);
  BIND (browse_button);
  gtk_widget_class_bind_template_child_full (widget_class, "found", FALSE,
                                             G_STRUCT_OFFSET (KvmmNewMachineWindow, system.found));
  BIND (name);
  gtk_widget_class_bind_template_child_full (
      widget_class, "system", FALSE, G_STRUCT_OFFSET (KvmmNewMachineWindow, system.chooser));
  BIND (memory);
  BIND (processors);
  BIND (tpm_row);
  BIND (tpm);
  BIND (cloud);
  BIND (appliance);
  BIND (tree);
  BIND (size_row);
  BIND (disk_size);
  BIND (disk_group);
  BIND (pool_note);
  BIND (interface);
  BIND (customise_row);
  BIND (customise);
  BIND (notice);
  BIND (reason);
  BIND (progress);
  BIND (create_button);
#undef BIND
#define BIND_CHOICE(child)                                                                         \
  gtk_widget_class_bind_template_child_full (                                                      \
      widget_class, #child, FALSE, G_STRUCT_OFFSET (KvmmNewMachineWindow, choices.child))
  BIND_CHOICE (firmware);
  BIND_CHOICE (volume);
  BIND_CHOICE (pool);
  BIND_CHOICE (network);
  BIND_CHOICE (screen);
#undef BIND_CHOICE
  bind_callbacks (widget_class);
  gtk_widget_class_install_action (widget_class, "new-machine.cancel", NULL, escape_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "new-machine.cancel", NULL);
}

static void
kvmm_new_machine_window_init (KvmmNewMachineWindow *self)
{
  kvmm_new_machine_choices_init (&self->choices);
  self->hosts = g_ptr_array_new_with_free_func (g_object_unref);
  kvmm_new_machine_system_init (&self->system, needs_cb, named_cb, self);
  self->name_is_ours = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  kvmm_tree_group_set_catalog (self->tree, self->system.catalog);
  g_signal_connect (self->memory, "changed", G_CALLBACK (number_cb), self);
  g_signal_connect (self->processors, "changed", G_CALLBACK (number_cb), self);
  g_signal_connect (self->disk_size, "changed", G_CALLBACK (number_cb), self);
}

/* Returns: (transfer full) (element-type KvmmConnection): those that are there */
static GPtrArray *
list_hosts (KvmmConnectionList *connections, gboolean only_local)
{
  GListModel *model = G_LIST_MODEL (connections);
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      if (kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTED &&
          (!only_local || kvmm_virt_uri_is_local (kvmm_connection_get_uri (connection))))
        g_ptr_array_add (hosts, g_steal_pointer (&connection));
    }
  return hosts;
}

static void
begin_with (KvmmNewMachineWindow *self, const char *image)
{
  g_autofree char *name = g_path_get_basename (image);
  char *suffix = strrchr (name, '.');
  gboolean is_disc = suffix != NULL && g_ascii_strcasecmp (suffix, ".iso") == 0;

  adw_combo_row_set_selected (self->source, is_disc ? SOURCE_DISC
                                            : kvmm_appliance_group_is_appliance (image)
                                                ? SOURCE_APPLIANCE
                                                : SOURCE_IMPORT);
  gtk_editable_set_text (GTK_EDITABLE (self->path), image);
  if (suffix != NULL)
    *suffix = '\0';
  suggest_name (self, name);
}

void
kvmm_new_machine_window_present (GtkWindow *parent,
                                 KvmmSettings *settings,
                                 KvmmConnectionList *connections,
                                 const char *image)
{
  g_autoptr (GPtrArray) hosts = list_hosts (connections, image != NULL);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  KvmmNewMachineWindow *self;

  if (hosts->len == 0)
    {
      if (parent != NULL && gtk_window_get_child (parent) != NULL)
        kvmm_dialogs_toast (gtk_window_get_child (parent),
                            _ ("A machine is made on a host: connect to one first"));
      return;
    }
  self = g_object_new (KVMM_TYPE_NEW_MACHINE_WINDOW, "transient-for", parent, NULL);
  self->settings = g_object_ref (settings);
  self->application = parent != NULL ? gtk_window_get_application (parent) : NULL;
  for (guint i = 0; i < hosts->len; i++)
    {
      g_ptr_array_add (self->hosts, g_object_ref (hosts->pdata[i]));
      gtk_string_list_append (names, kvmm_connection_get_name (hosts->pdata[i]));
    }
  adw_combo_row_set_model (self->host_row, G_LIST_MODEL (names));
  gtk_widget_set_visible (GTK_WIDGET (self->host_row), hosts->len > 1);
  kvmm_new_machine_system_list (&self->system);
  if (image != NULL)
    begin_with (self, image);
  gtk_window_present (GTK_WINDOW (self));
}
