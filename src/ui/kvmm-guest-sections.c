/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-sections.h"

#include <glib/gi18n.h>

#include "kvmm-commands-view.h"
#include "kvmm-files-view.h"
#include "kvmm-guest-facts-view.h"
#include "kvmm-guest-gate.h"
#include "kvmm-guest-log-view.h"
#include "kvmm-processes-view.h"
#include "kvmm-services-view.h"

#define FACTS_WIDTH 720
#define SIDE_MARGIN 12
#define END_MARGIN 18

struct _KvmmGuestSections
{
  AdwBin parent_instance;

  KvmmSettings *settings;    /* (owned) */
  KvmmDomain *domain;        /* (owned) */
  KvmmAgentInstall *install; /* (owned) */

  GtkWidget *switcher;
  GtkDropDown *drop_down;
  GtkStack *stack;
};

G_DEFINE_FINAL_TYPE (KvmmGuestSections, kvmm_guest_sections, ADW_TYPE_BIN)

static GtkWidget *
create_facts (KvmmDomain *domain, KvmmAgentInstall *install)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *clamp = adw_clamp_new ();

  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), FACTS_WIDTH);
  adw_clamp_set_child (ADW_CLAMP (clamp),
                       kvmm_guest_facts_view_new (kvmm_domain_get_guest (domain), install));
  gtk_widget_set_margin_start (clamp, SIDE_MARGIN);
  gtk_widget_set_margin_end (clamp, SIDE_MARGIN);
  gtk_widget_set_margin_top (clamp, END_MARGIN);
  gtk_widget_set_margin_bottom (clamp, END_MARGIN);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), clamp);
  return scroller;
}

static GtkWidget *
create_processes (KvmmSettings *settings, KvmmDomain *domain)
{
  return kvmm_processes_view_new (domain);
}

static GtkWidget *
create_services (KvmmSettings *settings, KvmmDomain *domain)
{
  return kvmm_services_view_new (domain);
}

static GtkWidget *
create_logs (KvmmSettings *settings, KvmmDomain *domain)
{
  return kvmm_guest_log_view_new (domain);
}

static GtkWidget *
create_commands (KvmmSettings *settings, KvmmDomain *domain)
{
  return kvmm_commands_view_new (domain);
}

static GtkWidget *
create_files (KvmmSettings *settings, KvmmDomain *domain)
{
  return kvmm_files_view_new (settings, domain);
}

typedef struct
{
  const char *name;
  const char *title;
  const char *group; /* (nullable): no gate stands before it */
  gboolean needs_control;
  GtkWidget *(*create) (KvmmSettings *settings, KvmmDomain *domain); /* (nullable): the facts */
} Section;

static const Section sections[] = {
  { "facts", N_ ("Facts"), NULL, FALSE, NULL },
  { "processes", N_ ("Processes"), KVMM_GUEST_GROUP_PROCS, FALSE, create_processes },
  { "services", N_ ("Services"), KVMM_GUEST_GROUP_PROCS, FALSE, create_services },
  { "logs", N_ ("Logs"), KVMM_GUEST_GROUP_LOGS, FALSE, create_logs },
  { "commands", N_ ("Commands"), KVMM_GUEST_GROUP_EXEC, TRUE, create_commands },
  { "files", N_ ("Files"),
    KVMM_GUEST_GROUP_FILE_READ "|" KVMM_GUEST_GROUP_FILE_WRITE "|" KVMM_GUEST_GROUP_INBOX, TRUE,
    create_files },
};

/* What a gate needs to make its section when it opens. */
typedef struct
{
  const Section *section;
  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */
} Behind;

static GtkWidget *
behind_create (gpointer user_data)
{
  Behind *behind = user_data;

  return behind->section->create (behind->settings, behind->domain);
}

static void
behind_free (gpointer user_data)
{
  Behind *behind = user_data;

  g_object_unref (behind->settings);
  g_object_unref (behind->domain);
  g_free (behind);
}

static GtkWidget *
create_section (KvmmGuestSections *self, const Section *section)
{
  GtkWidget *gate;
  Behind *behind;

  if (section->create == NULL)
    return create_facts (self->domain, self->install);
  gate = kvmm_guest_gate_new (self->domain, section->group, section->needs_control,
                              _ (section->title));
  behind = g_new0 (Behind, 1);
  behind->section = section;
  behind->settings = g_object_ref (self->settings);
  behind->domain = g_object_ref (self->domain);
  kvmm_guest_gate_set_create_func (KVMM_GUEST_GATE (gate), behind_create, behind, behind_free);
  return gate;
}

static void
visible_child_cb (KvmmGuestSections *self)
{
  const char *name = gtk_stack_get_visible_child_name (self->stack);
  GtkWidget *bin = gtk_stack_get_visible_child (self->stack);

  if (self->domain == NULL || bin == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    if (g_strcmp0 (name, sections[i].name) == 0)
      {
        gtk_drop_down_set_selected (self->drop_down, i);
        if (adw_bin_get_child (ADW_BIN (bin)) == NULL)
          adw_bin_set_child (ADW_BIN (bin), create_section (self, &sections[i]));
      }
}

static void
selected_cb (KvmmGuestSections *self)
{
  guint selected = gtk_drop_down_get_selected (self->drop_down);

  if (self->domain != NULL && selected < G_N_ELEMENTS (sections))
    gtk_stack_set_visible_child_name (self->stack, sections[selected].name);
}

static void
kvmm_guest_sections_dispose (GObject *object)
{
  KvmmGuestSections *self = KVMM_GUEST_SECTIONS (object);

  g_clear_object (&self->install);
  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_guest_sections_parent_class)->dispose (object);
}

static void
kvmm_guest_sections_class_init (KvmmGuestSectionsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_guest_sections_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-guest-sections.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSections, switcher);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSections, drop_down);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSections, stack);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, visible_child_cb);
}

static void
kvmm_guest_sections_init (KvmmGuestSections *self)
{
  /* Not the stack's own list of pages: it takes them out in an order that a list view of GTK 4.8
   * does not survive. */
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);

  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      gtk_stack_add_titled (self->stack, adw_bin_new (), sections[i].name, _ (sections[i].title));
      gtk_string_list_append (titles, _ (sections[i].title));
    }
  gtk_drop_down_set_model (self->drop_down, G_LIST_MODEL (titles));
}

GtkWidget *
kvmm_guest_sections_new (KvmmSettings *settings, KvmmDomain *domain, KvmmAgentInstall *install)
{
  KvmmGuestSections *self = g_object_new (KVMM_TYPE_GUEST_SECTIONS, NULL);

  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  self->install = g_object_ref (install);
  visible_child_cb (self);
  return GTK_WIDGET (self);
}

void
kvmm_guest_sections_set_facts_only (KvmmGuestSections *self, gboolean facts_only)
{
  g_return_if_fail (KVMM_IS_GUEST_SECTIONS (self));

  if (facts_only)
    gtk_stack_set_visible_child_name (self->stack, sections[0].name);
  gtk_widget_set_visible (self->switcher, !facts_only);
}

static gboolean
find_below (GtkWidget *widget)
{
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  if (gtk_widget_activate_action (widget, "part.find", NULL))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (find_below (child))
      return TRUE;
  return FALSE;
}

gboolean
kvmm_guest_sections_find (KvmmGuestSections *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST_SECTIONS (self), FALSE);

  return find_below (GTK_WIDGET (self->stack));
}
