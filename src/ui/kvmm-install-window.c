/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-install-window.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-install-action.h"
#include "kvmm-install-steps.h"

#define WIDTH 560
#define HEIGHT 620

/* One machine and its widgets. */
typedef struct
{
  KvmmAgentInstall *install; /* (owned) */
  AdwExpanderRow *row;       /* (unowned) (nullable): of a window for several */
  GtkButton *button;         /* (unowned) (nullable) */
  gint64 busy_since_us;
} Machine;

struct _KvmmInstallWindow
{
  AdwWindow parent_instance;

  GPtrArray *machines; /* (element-type Machine) */
  GtkWidget *prepare_button;
  guint next;           /* of the machines that are prepared one after the other, n: none */
  gboolean was_started; /* the next one */
  guint tick_id;
};

#define KVMM_TYPE_INSTALL_WINDOW (kvmm_install_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmInstallWindow, kvmm_install_window, KVMM, INSTALL_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE (KvmmInstallWindow, kvmm_install_window, ADW_TYPE_WINDOW)

static void
machine_free (gpointer data)
{
  Machine *self = data;

  g_object_unref (self->install);
  g_free (self);
}

static Machine *
get_machine (KvmmInstallWindow *self, guint index)
{
  return g_ptr_array_index (self->machines, index);
}

/* ---- One after the other ---- */

/* The disc goes to a host once, and one question is enough for a person at a time. */
static void
prepare_next (KvmmInstallWindow *self)
{
  while (self->next < self->machines->len)
    {
      KvmmAgentInstall *install = get_machine (self, self->next)->install;

      if (!self->was_started && kvmm_install_action_find (install) == KVMM_INSTALL_ACTION_PREPARE)
        {
          self->was_started = TRUE;
          kvmm_agent_install_prepare (install);
        }
      if (kvmm_agent_install_get_is_busy (install))
        return;
      /* Whether it went well or not. */
      self->was_started = FALSE;
      self->next++;
    }
}

static void
prepare_all_cb (KvmmInstallWindow *self)
{
  self->next = 0;
  prepare_next (self);
}

/* ---- Rows ---- */

static void
show_machine (Machine *machine, gboolean *is_counting)
{
  KvmmInstallAction action = kvmm_install_action_find (machine->install);
  const char *label = kvmm_install_action_get_label (action, machine->install);
  gboolean counts = FALSE;
  g_autofree char *text = NULL;

  if (!kvmm_agent_install_get_is_busy (machine->install))
    machine->busy_since_us = 0;
  else if (machine->busy_since_us == 0)
    machine->busy_since_us = g_get_monotonic_time ();
  text = kvmm_install_action_dup_text (machine->install, machine->busy_since_us, &counts);
  *is_counting = *is_counting || counts;
  adw_expander_row_set_subtitle (machine->row, text != NULL ? text : "");
  adw_expander_row_set_icon_name (machine->row, action == KVMM_INSTALL_ACTION_NONE
                                                    ? "emblem-ok-symbolic"
                                                    : "computer-symbolic");
  gtk_widget_set_visible (GTK_WIDGET (machine->button), label != NULL);
  if (label != NULL)
    {
      gtk_button_set_label (machine->button, label);
      gtk_accessible_reset_property (GTK_ACCESSIBLE (machine->button),
                                     GTK_ACCESSIBLE_PROPERTY_LABEL);
    }
}

static gboolean tick_cb (gpointer user_data);

static void
show (KvmmInstallWindow *self)
{
  gboolean is_counting = FALSE;
  guint n_to_prepare = 0;

  for (guint i = 0; i < self->machines->len; i++)
    {
      Machine *machine = get_machine (self, i);

      if (machine->row == NULL)
        return;
      show_machine (machine, &is_counting);
      n_to_prepare += kvmm_install_action_find (machine->install) == KVMM_INSTALL_ACTION_PREPARE;
    }
  gtk_widget_set_sensitive (self->prepare_button,
                            n_to_prepare > 0 && self->next >= self->machines->len);
  if (!is_counting)
    g_clear_handle_id (&self->tick_id, g_source_remove);
  else if (self->tick_id == 0)
    self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
}

static gboolean
tick_cb (gpointer user_data)
{
  KvmmInstallWindow *self = user_data;
  guint id = self->tick_id;

  show (self);
  return id == self->tick_id ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
changed_cb (KvmmInstallWindow *self)
{
  prepare_next (self);
  show (self);
}

static void
clicked_cb (GtkButton *button, KvmmAgentInstall *install)
{
  kvmm_install_action_run (kvmm_install_action_find (install), GTK_WIDGET (button), install);
}

/* Hundreds of machines are rarely looked at one by one. */
static void
expanded_cb (AdwExpanderRow *row, GParamSpec *pspec, KvmmAgentInstall *install)
{
  GtkWidget *steps;
  GtkWidget *holder;

  g_signal_handlers_disconnect_by_func (row, expanded_cb, install);
  steps = kvmm_install_steps_new (install);
  holder = gtk_list_box_row_new ();
  gtk_widget_set_margin_start (steps, 12);
  gtk_widget_set_margin_end (steps, 12);
  gtk_widget_set_margin_top (steps, 12);
  gtk_widget_set_margin_bottom (steps, 12);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (holder), FALSE);
  gtk_widget_set_focusable (holder, FALSE);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (holder), steps);
  adw_expander_row_add_row (row, holder);
}

static GtkWidget *
create_machine_row (Machine *machine)
{
  KvmmDomain *domain = kvmm_agent_install_get_domain (machine->install);
  GtkWidget *row = adw_expander_row_new ();
  GtkWidget *button = gtk_button_new ();

  g_object_set (row, "use-markup", FALSE, NULL);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), kvmm_domain_get_name (domain));
  gtk_button_set_use_underline (GTK_BUTTON (button), TRUE);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_signal_connect_object (button, "clicked", G_CALLBACK (clicked_cb), machine->install,
                           G_CONNECT_DEFAULT);
  adw_expander_row_add_action (ADW_EXPANDER_ROW (row), button);
  g_signal_connect_object (row, "notify::expanded", G_CALLBACK (expanded_cb), machine->install,
                           G_CONNECT_DEFAULT);
  machine->row = ADW_EXPANDER_ROW (row);
  machine->button = GTK_BUTTON (button);
  return row;
}

static void
fill_with_rows (KvmmInstallWindow *self, AdwPreferencesPage *page)
{
  GtkWidget *group = adw_preferences_group_new ();

  adw_preferences_group_set_description (
      ADW_PREFERENCES_GROUP (group),
      _ ("Each machine gets the agent's channel and its disc; the installer is then run in the "
         "guest. Closing this window changes nothing: each goes on where it is."));
  for (guint i = 0; i < self->machines->len; i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (group),
                               create_machine_row (get_machine (self, i)));
  adw_preferences_page_add (page, ADW_PREFERENCES_GROUP (group));
}

static void
fill_with_one (KvmmInstallWindow *self, AdwPreferencesPage *page)
{
  GtkWidget *group = adw_preferences_group_new ();

  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group),
                             kvmm_install_steps_new (get_machine (self, 0)->install));
  adw_preferences_page_add (page, ADW_PREFERENCES_GROUP (group));
}

static void
fill (KvmmInstallWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *header = adw_header_bar_new ();
  GtkWidget *page = adw_preferences_page_new ();

  gtk_box_append (GTK_BOX (box), header);
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), page);
  if (self->machines->len == 1)
    fill_with_one (self, ADW_PREFERENCES_PAGE (page));
  else
    {
      self->prepare_button = gtk_button_new_with_mnemonic (_ ("_Prepare All"));
      gtk_widget_add_css_class (self->prepare_button, "suggested-action");
      g_signal_connect_swapped (self->prepare_button, "clicked", G_CALLBACK (prepare_all_cb), self);
      adw_header_bar_pack_start (ADW_HEADER_BAR (header), self->prepare_button);
      fill_with_rows (self, ADW_PREFERENCES_PAGE (page));
    }
  adw_window_set_content (ADW_WINDOW (self), box);
}

static void
kvmm_install_window_dispose (GObject *object)
{
  KvmmInstallWindow *self = KVMM_INSTALL_WINDOW (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_pointer (&self->machines, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_install_window_parent_class)->dispose (object);
}

static void
kvmm_install_window_class_init (KvmmInstallWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_install_window_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close",
                                       NULL);
}

static void
kvmm_install_window_init (KvmmInstallWindow *self)
{
  self->machines = g_ptr_array_new_with_free_func (machine_free);
  gtk_window_set_default_size (GTK_WINDOW (self), WIDTH, HEIGHT);
}

void
kvmm_install_window_present (GtkWindow *parent, KvmmSettings *settings, GPtrArray *domains)
{
  KvmmInstallWindow *self;
  g_autofree char *title = NULL;

  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (domains != NULL && domains->len > 0);

  self = g_object_new (KVMM_TYPE_INSTALL_WINDOW, "transient-for", parent, "destroy-with-parent",
                       TRUE, NULL);
  title = domains->len == 1
              ? g_strdup_printf (_ ("Guest Agent of %s"),
                                 kvmm_domain_get_name (g_ptr_array_index (domains, 0)))
              : g_strdup_printf (ngettext ("Guest Agent of %u Machine",
                                           "Guest Agent of %u Machines", domains->len),
                                 domains->len);
  gtk_window_set_title (GTK_WINDOW (self), title);
  for (guint i = 0; i < domains->len; i++)
    {
      Machine *machine = g_new0 (Machine, 1);

      machine->install = kvmm_agent_install_new (settings, g_ptr_array_index (domains, i));
      g_signal_connect_object (machine->install, "changed", G_CALLBACK (changed_cb), self,
                               G_CONNECT_SWAPPED);
      g_ptr_array_add (self->machines, machine);
    }
  self->next = self->machines->len;
  fill (self);
  show (self);
  gtk_window_present (GTK_WINDOW (self));
}
