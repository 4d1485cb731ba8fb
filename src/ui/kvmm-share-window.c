/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-share-window.h"

#include <glib/gi18n.h>

#include "kvmm-command-list.h"
#include "kvmm-command-run.h"
#include "kvmm-guest-missing.h"
#include "util/kvmm-guest-text.h"

/* A mount that takes longer waits for something that does not come. */
#define MOUNT_TIMEOUT_S 60
/* Of the guest's policy: a mount is root's. */
#define POLICY_LINES "[policy]\nexec=any\n\n[exec]\nroot=yes\n"

struct _KvmmShareWindow
{
  AdwWindow parent_instance;

  KvmmDomain *domain; /* (owned) (nullable): until it is closed */
  KvmmXmlShare share;
  gboolean needs_restart;

  GtkWidget *mount_button;
  AdwPreferencesGroup *place_group;
  GtkEditable *place_row;
  GtkLabel *message;
  GtkWidget *run_group;
  AdwBin *run_bin;
  GtkWidget *command_group;
  AdwBin *command_bin;
  GtkWidget *fstab_group;
  AdwBin *fstab_bin;
};

G_DEFINE_FINAL_TYPE (KvmmShareWindow, kvmm_share_window, ADW_TYPE_WINDOW)

/* Returns: (nullable): why the agent cannot be asked at all */
static const char *
find_obstacle (KvmmShareWindow *self)
{
  if (!kvmm_domain_get_is_active (self->domain))
    return _ ("The virtual machine does not run. The guest can use the folder once it does.");
  if (self->needs_restart)
    return _ ("The running machine gets the folder with its next start. Until then the guest does "
              "not find it.");
  if (kvmm_guest_get_agent (kvmm_domain_get_guest (self->domain)) == NULL)
    return _ ("The guest's agent does not answer, so the folder is mounted by hand.");
  return NULL;
}

/* A command that is under way, or was, is not taken for another one's. */
static void
update (KvmmShareWindow *self)
{
  const char *place = gtk_editable_get_text (self->place_row);
  g_autoptr (GError) error = NULL;
  gboolean is_good = kvmm_xml_share_check_place (place, &error);
  const char *obstacle;

  if (self->domain == NULL)
    return;
  if (!kvmm_domain_get_is_active (self->domain))
    self->needs_restart = FALSE;
  obstacle = find_obstacle (self);
  gtk_widget_set_visible (self->command_group, is_good);
  gtk_widget_set_visible (self->fstab_group, is_good);
  gtk_widget_set_sensitive (self->mount_button, is_good && obstacle == NULL);
  gtk_label_set_text (self->message, is_good ? (obstacle != NULL ? obstacle : "") : error->message);
  gtk_widget_set_visible (GTK_WIDGET (self->message), !is_good || obstacle != NULL);
  if (is_good)
    {
      g_autofree char *command = kvmm_xml_share_dup_command (&self->share, place);
      g_autofree char *fstab = kvmm_xml_share_dup_fstab (&self->share, place);

      adw_bin_set_child (self->command_bin, kvmm_command_list_new (command));
      adw_bin_set_child (self->fstab_bin, kvmm_command_list_new_text (fstab));
    }
}

static void
closed_cb (KvmmShareWindow *self)
{
  adw_bin_set_child (self->run_bin, NULL);
  gtk_widget_set_visible (self->run_group, FALSE);
}

/* What is run is what can be read: the line itself. */
static void
run (KvmmShareWindow *self)
{
  g_autofree char *command =
      kvmm_xml_share_dup_command (&self->share, gtk_editable_get_text (self->place_row));
  g_autofree char *title = kvmm_guest_text_sanitise (command, -1);
  const char *const arguments[] = { "/bin/sh", "-c", command, NULL };
  KvmmAgentCommandLine line = { .argv = arguments, .user = "root", .timeout_s = MOUNT_TIMEOUT_S };
  GtkWidget *output = kvmm_command_run_new (self->domain, &line, title);

  g_signal_connect_object (output, "closed", G_CALLBACK (closed_cb), self, G_CONNECT_SWAPPED);
  adw_bin_set_child (self->run_bin, output);
  gtk_widget_set_visible (self->run_group, TRUE);
}

static void
mount_cb (KvmmShareWindow *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  GtkWidget *output = adw_bin_get_child (self->run_bin);
  gboolean is_granted = g_str_equal (kvmm_guest_get_access (guest, KVMM_GUEST_GROUP_EXEC), "any");

  if (!is_granted || !kvmm_guest_get_control_allowed (guest))
    {
      kvmm_guest_missing_present (GTK_WIDGET (self), guest, _ ("Commands Are Not Allowed"),
                                  is_granted ? NULL : POLICY_LINES);
      return;
    }
  if (output != NULL && !kvmm_command_run_get_is_over (KVMM_COMMAND_RUN (output)))
    return;
  run (self);
}

static void
kvmm_share_window_dispose (GObject *object)
{
  KvmmShareWindow *self = KVMM_SHARE_WINDOW (object);

  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_share_window_parent_class)->dispose (object);
}

static void
kvmm_share_window_finalize (GObject *object)
{
  KvmmShareWindow *self = KVMM_SHARE_WINDOW (object);

  g_free (self->share.tag);
  g_free (self->share.folder);
  G_OBJECT_CLASS (kvmm_share_window_parent_class)->finalize (object);
}

static void
kvmm_share_window_class_init (KvmmShareWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_share_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_share_window_finalize;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-share-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, mount_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, place_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, place_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, message);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, run_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, run_bin);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, command_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, command_bin);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, fstab_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmShareWindow, fstab_bin);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, mount_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_share_window_init (KvmmShareWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* Of the host when it is known, else the name that the guest sees. */
static void
show_title (KvmmShareWindow *self)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (
      self->share.folder != NULL ? self->share.folder : self->share.tag, -1);
  g_autofree char *text =
      /* Translators: a folder of the host */
      g_strdup_printf (_ ("The host's folder “%s” appears in this folder of the guest."), shown);
  g_autofree char *markup = g_markup_escape_text (text, -1);

  adw_preferences_group_set_description (self->place_group, markup);
}

/* A name of somebody else's may hold what no path can. */
static void
suggest_place (KvmmShareWindow *self)
{
  g_autofree char *name = kvmm_xml_share_dup_tag (self->share.tag, NULL);
  g_autofree char *place = g_strconcat ("/mnt/", name, NULL);

  gtk_editable_set_text (self->place_row, place);
}

void
kvmm_share_window_present (GtkWidget *widget,
                           KvmmDomain *domain,
                           const KvmmXmlShare *share,
                           gboolean needs_restart)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  KvmmShareWindow *self;

  g_return_if_fail (KVMM_IS_DOMAIN (domain) && share != NULL && share->tag != NULL);

  self = g_object_new (KVMM_TYPE_SHARE_WINDOW, "transient-for", root, NULL);
  self->domain = g_object_ref (domain);
  self->share = *share;
  self->share.tag = g_strdup (share->tag);
  self->share.folder = g_strdup (share->folder);
  self->needs_restart = needs_restart;
  show_title (self);
  suggest_place (self);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kvmm_domain_get_guest (domain), "notify::state", G_CALLBACK (update),
                           self, G_CONNECT_SWAPPED);
  update (self);
  gtk_window_present (GTK_WINDOW (self));
}
