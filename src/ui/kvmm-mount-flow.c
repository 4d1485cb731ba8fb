/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-mount-flow.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-command-list.h"
#include "kvmm-dialogs.h"
#include "kvmm-work-dialog.h"
#include "model/kvmm-agent-iso.h"
#include "model/kvmm-connection.h"
#include "virt/kvmm-virt-error.h"

/* A mount or an eject from the first try to what the person reads in the end. The window that asked
 * may be closed meanwhile: then the work ends silently. */
typedef struct
{
  GWeakRef parent;
  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */
  KvmmAgentIsoMountFlags flags;
  gboolean is_eject;
  GCancellable *cancellable; /* (owned) (nullable) of the try under way */
  KvmmWorkDialog *work;      /* (owned) (nullable) */
  double fraction;           /* of an upload; negative: none */
} Flow;

/* libvirt's patience with a tray that the guest keeps locked. */
#define TRAY_SECONDS 5

static void flow_run (Flow *flow);

static Flow *
flow_new (GtkWidget *parent, KvmmSettings *settings, KvmmDomain *domain, gboolean is_eject)
{
  Flow *flow = g_new0 (Flow, 1);

  g_weak_ref_init (&flow->parent, parent);
  flow->settings = g_object_ref (settings);
  flow->domain = g_object_ref (domain);
  flow->is_eject = is_eject;
  return flow;
}

static void
flow_free (Flow *flow)
{
  g_weak_ref_clear (&flow->parent);
  g_object_unref (flow->settings);
  g_object_unref (flow->domain);
  g_clear_object (&flow->cancellable);
  g_clear_object (&flow->work);
  g_free (flow);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Flow, flow_free)

static AdwMessageDialog *
create_dialog (GtkWidget *parent, const char *heading)
{
  GtkRoot *root = gtk_widget_get_root (parent);
  GtkWidget *dialog =
      adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, heading, NULL);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "close");
  return ADW_MESSAGE_DIALOG (dialog);
}

static char *
describe_mounted (KvmmDomain *domain, const KvmmAgentIsoMounted *mounted)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *name = kvmm_domain_get_name (domain);

  if (mounted->version != NULL)
    g_string_append_printf (text, _ ("Agent %s, "), mounted->version);
  if (mounted->drive_needs_restart)
    g_string_append_printf (text,
                            _ ("%s, is in the new drive %s of “%s”. The drive comes when the "
                               "virtual machine is shut down and started; a reboot from inside "
                               "is not enough."),
                            mounted->path, mounted->target, name);
  else if (mounted->drive_added)
    g_string_append_printf (text, _ ("%s, is in the new drive %s of “%s”."), mounted->path,
                            mounted->target, name);
  else
    g_string_append_printf (text, _ ("%s, is in drive %s of “%s”."), mounted->path, mounted->target,
                            name);
  if (mounted->channel_needs_restart)
    g_string_append_printf (
        text, "\n\n%s",
        _ ("The agent's channel was added too and comes with the next start; until then the agent "
           "can be installed but not reached."));
  else if (mounted->channel_added)
    g_string_append_printf (text, "\n\n%s", _ ("The agent's channel was added, too."));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
show_mounted (GtkWidget *parent, KvmmDomain *domain, const KvmmAgentIsoMounted *mounted)
{
  AdwMessageDialog *dialog = create_dialog (parent, _ ("Agent Disc Mounted"));
  g_autofree char *body = describe_mounted (domain, mounted);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *label = gtk_label_new (mounted->drive_needs_restart
                                        ? _ ("After the next start, type in the guest as root")
                                        : _ ("Now type in the guest as root"));

  adw_message_dialog_set_body (dialog, body);
  if (mounted->note != NULL)
    {
      GtkWidget *note = gtk_label_new (mounted->note);

      gtk_label_set_xalign (GTK_LABEL (note), 0);
      gtk_label_set_wrap (GTK_LABEL (note), TRUE);
      gtk_label_set_selectable (GTK_LABEL (note), TRUE);
      gtk_box_append (GTK_BOX (box), note);
    }
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_add_css_class (label, "heading");
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), kvmm_command_list_new (kvmm_agent_iso_get_install_command ()));
  adw_message_dialog_set_extra_child (dialog, box);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
failure_response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  GApplication *application = g_application_get_default ();

  if (g_strcmp0 (response, "preferences") == 0 && application != NULL)
    g_action_group_activate_action (G_ACTION_GROUP (application), "preferences", NULL);
}

/* No usable disc: what was looked at and why it was left is a text to read, not a toast. */
static void
show_none_usable (GtkWidget *parent, const GError *error)
{
  AdwMessageDialog *dialog = create_dialog (parent, _ ("No Usable Agent Disc"));
  GApplication *application = g_application_get_default ();

  adw_message_dialog_set_body (dialog, error->message);
  if (application != NULL &&
      g_action_group_has_action (G_ACTION_GROUP (application), "preferences"))
    {
      adw_message_dialog_add_response (dialog, "preferences", _ ("Open _Preferences"));
      adw_message_dialog_set_response_appearance (dialog, "preferences", ADW_RESPONSE_SUGGESTED);
    }
  g_signal_connect (dialog, "response", G_CALLBACK (failure_response_cb), NULL);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
confirmed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Flow) flow = user_data;

  if (kvmm_dialogs_confirm_finish (result))
    flow_run (g_steal_pointer (&flow));
}

/* Returns: whether a question was asked; it then owns the flow */
static gboolean
ask (Flow *flow, GtkWidget *parent, const GError *error)
{
  const char *name = kvmm_domain_get_name (flow->domain);
  g_autofree char *body = NULL;

  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED) &&
      (flow->flags & KVMM_AGENT_ISO_MOUNT_REPLACE) == 0)
    {
      flow->flags |= KVMM_AGENT_ISO_MOUNT_REPLACE;
      kvmm_dialogs_confirm_async (parent, _ ("Replace the Disc?"), error->message, _ ("Replace"),
                                  FALSE, confirmed_cb, flow);
      return TRUE;
    }
  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_TRAY_LOCKED) &&
      (flow->flags & KVMM_AGENT_ISO_MOUNT_FORCE) == 0)
    {
      flow->flags |= KVMM_AGENT_ISO_MOUNT_FORCE;
      body = g_strdup_printf (_ ("“%s” has the disc in its drive mounted and keeps the tray "
                                 "locked. Unmount it in the guest first, or force it out: "
                                 "programs in the guest that read it get errors."),
                              name);
      kvmm_dialogs_confirm_async (parent, _ ("Force Eject?"), body, _ ("_Force Eject"), TRUE,
                                  confirmed_cb, flow);
      return TRUE;
    }
  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED) &&
      (flow->flags & KVMM_AGENT_ISO_MOUNT_MAKE_POOL) == 0)
    {
      flow->flags |= KVMM_AGENT_ISO_MOUNT_MAKE_POOL;
      kvmm_dialogs_confirm_async (parent, _ ("Make a Storage Pool?"), error->message,
                                  _ ("_Make the Pool"), FALSE, confirmed_cb, flow);
      return TRUE;
    }
  return FALSE;
}

static void
mounted_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Flow) flow = user_data;
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&flow->parent);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentIsoMounted) mounted = kvmm_agent_iso_mount_finish (result, &error);
  g_autofree char *summary = NULL;

  kvmm_work_dialog_close (flow->work);
  if (parent == NULL || gtk_widget_get_root (parent) == NULL)
    return;
  if (mounted != NULL)
    {
      show_mounted (parent, flow->domain, mounted);
      return;
    }
  if (ask (flow, parent, error))
    {
      g_steal_pointer (&flow);
      return;
    }
  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE))
    {
      show_none_usable (parent, error);
      return;
    }
  summary = g_strdup_printf (_ ("Could not mount the agent disc in “%s”"),
                             kvmm_domain_get_name (flow->domain));
  kvmm_dialogs_error (parent, summary, error);
}

static void
ejected_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Flow) flow = user_data;
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&flow->parent);
  g_autoptr (GError) error = NULL;
  gboolean is_ejected = kvmm_agent_iso_eject_finish (result, &error);
  const char *name = kvmm_domain_get_name (flow->domain);
  g_autofree char *text = NULL;

  kvmm_work_dialog_close (flow->work);
  if (parent == NULL || gtk_widget_get_root (parent) == NULL)
    return;
  if (is_ejected)
    {
      text = g_strdup_printf (_ ("Agent disc ejected from “%s”"), name);
      kvmm_dialogs_toast (parent, text);
      return;
    }
  if (ask (flow, parent, error))
    {
      g_steal_pointer (&flow);
      return;
    }
  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NOT_MOUNTED))
    {
      text = g_strdup_printf (_ ("No drive of “%s” holds the agent disc"), name);
      kvmm_dialogs_toast (parent, text);
      return;
    }
  text = g_strdup_printf (_ ("Could not eject the agent disc from “%s”"), name);
  kvmm_dialogs_error (parent, text, error);
}

/* What takes its time: an upload, or a guest that does not let go of its tray. */
static char *
describe_work (guint elapsed_s, gpointer user_data)
{
  Flow *flow = user_data;
  guint left = TRAY_SECONDS > elapsed_s ? TRAY_SECONDS - elapsed_s : 0;

  if (flow->fraction >= 0)
    return g_strdup_printf (_ ("Uploading the disc to the host; %.0f %%"), flow->fraction * 100);
  if (!flow->is_eject && (flow->flags & KVMM_AGENT_ISO_MOUNT_REPLACE) == 0)
    return g_strdup (_ ("Bringing channel and disc into the machine."));
  if (left == 0)
    return g_strdup (_ ("Waiting for the guest to open the tray."));
  return g_strdup_printf (ngettext ("Waiting for the guest to open the tray; %u second left.",
                                    "Waiting for the guest to open the tray; %u seconds left.",
                                    left),
                          left);
}

static void
progress_cb (goffset done, goffset total, gpointer user_data)
{
  Flow *flow = user_data;

  if (total <= 0)
    return;
  flow->fraction = (double) done / (double) total;
  kvmm_work_dialog_set_fraction (flow->work, flow->fraction);
}

static void
flow_run (Flow *flow)
{
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&flow->parent);

  if (parent == NULL)
    {
      flow_free (flow);
      return;
    }
  g_clear_object (&flow->work);
  g_clear_object (&flow->cancellable);
  flow->fraction = -1;
  flow->cancellable = g_cancellable_new ();
  flow->work = kvmm_work_dialog_new (
      parent, flow->is_eject ? _ ("Ejecting the Agent Disc") : _ ("Mounting the Agent Disc"),
      describe_work, flow, flow->cancellable);
  if (flow->is_eject)
    kvmm_agent_iso_eject_async (flow->settings, flow->domain, flow->flags, flow->cancellable,
                                ejected_cb, flow);
  else
    kvmm_agent_iso_mount_async (flow->settings, flow->domain, flow->flags, progress_cb, flow,
                                flow->cancellable, mounted_cb, flow);
}

void
kvmm_mount_flow_start (GtkWidget *parent, KvmmSettings *settings, KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (parent));
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  flow_run (flow_new (parent, settings, domain, FALSE));
}

void
kvmm_mount_flow_eject (GtkWidget *parent, KvmmSettings *settings, KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (parent));
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  flow_run (flow_new (parent, settings, domain, TRUE));
}
