/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-host-cpus-window.h"

#include <glib/gi18n.h>

#include "util/kvmm-units.h"

#define DOMAIN_KEY "kvmm-host-cpus-domain"
#define CPU_KEY "kvmm-host-cpu"
/* Cores beside each other where there is room. */
#define CORES_PER_LINE 16
/* Threads of a core beside each other: some have eight. */
#define THREADS_PER_LINE 4

struct _KvmmHostCpusWindow
{
  AdwWindow parent_instance;

  GtkEditable *row;    /* (owned) (nullable): until it is closed */
  gboolean *set;       /* (owned): KVMM_XML_CPU_NUMBERS marks */
  GPtrArray *toggles;  /* (unowned) (element-type GtkToggleButton): of all processors */
  gboolean is_marking; /* several toggles for one press */

  GtkLabel *summary;
  GtkBox *cells;
};

G_DEFINE_FINAL_TYPE (KvmmHostCpusWindow, kvmm_host_cpus_window, ADW_TYPE_WINDOW)

static guint
get_number (gpointer toggle)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (toggle), CPU_KEY));
}

static void
show_summary (KvmmHostCpusWindow *self)
{
  g_autofree char *list = kvmm_xml_cpu_set_format (self->set);
  g_autofree char *text = *list != '\0'
                              /* Translators: a list of numbers, as "0-3,8" */
                              ? g_strdup_printf (_ ("Chosen: %s"), list)
                              : g_strdup (_ ("None is chosen: any processor of the host may be "
                                             "used."));

  gtk_label_set_text (self->summary, text);
}

static void
toggled_cb (GtkToggleButton *toggle, gpointer user_data)
{
  KvmmHostCpusWindow *self = user_data;

  self->set[get_number (toggle)] = gtk_toggle_button_get_active (toggle);
  if (!self->is_marking)
    show_summary (self);
}

/* All processors of a cell, or, where each of them is chosen, none. */
static void
cell_clicked_cb (GtkWidget *button, gpointer user_data)
{
  KvmmHostCpusWindow *self = user_data;
  GtkWidget *group = gtk_widget_get_ancestor (button, ADW_TYPE_PREFERENCES_GROUP);
  gboolean has_all = TRUE;

  for (guint i = 0; i < self->toggles->len; i++)
    if (gtk_widget_is_ancestor (self->toggles->pdata[i], group))
      has_all &= gtk_toggle_button_get_active (self->toggles->pdata[i]);
  self->is_marking = TRUE;
  for (guint i = 0; i < self->toggles->len; i++)
    if (gtk_widget_is_ancestor (self->toggles->pdata[i], group))
      gtk_toggle_button_set_active (self->toggles->pdata[i], !has_all);
  self->is_marking = FALSE;
  show_summary (self);
}

static char *
describe_cpu (const KvmmXmlHostCell *cell, const KvmmXmlHostCore *core, guint number)
{
  if (!core->is_known)
    return g_strdup_printf (_ ("Processor %u, NUMA cell %u"), number, cell->id);
  return g_strdup_printf (_ ("Processor %u, core %u, socket %u, NUMA cell %u"), number, core->core,
                          core->socket, cell->id);
}

static GtkWidget *
create_toggle (KvmmHostCpusWindow *self,
               const KvmmXmlHostCell *cell,
               const KvmmXmlHostCore *core,
               guint number)
{
  g_autofree char *label = g_strdup_printf ("%u", number);
  g_autofree char *name = describe_cpu (cell, core, number);
  GtkWidget *toggle = gtk_toggle_button_new_with_label (label);

  gtk_widget_add_css_class (toggle, "numeric");
  gtk_widget_set_tooltip_text (toggle, name);
  /* Its number alone would not say what it is of. */
  gtk_accessible_reset_relation (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data (G_OBJECT (toggle), CPU_KEY, GUINT_TO_POINTER (number));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (toggle), self->set[number]);
  g_signal_connect_object (toggle, "toggled", G_CALLBACK (toggled_cb), self, 0);
  g_ptr_array_add (self->toggles, toggle);
  return toggle;
}

static GtkWidget *
create_core (KvmmHostCpusWindow *self, const KvmmXmlHostCell *cell, const KvmmXmlHostCore *core)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *threads = gtk_grid_new ();

  gtk_grid_set_row_spacing (GTK_GRID (threads), 3);
  gtk_grid_set_column_spacing (GTK_GRID (threads), 3);
  if (core->is_known)
    {
      g_autofree char *text = g_strdup_printf (_ ("Core %u"), core->core);
      GtkWidget *label = gtk_label_new (text);

      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_widget_add_css_class (label, "caption");
      gtk_widget_add_css_class (label, "dim-label");
      gtk_box_append (GTK_BOX (box), label);
    }
  for (guint i = 0; i < core->cpus->len; i++)
    gtk_grid_attach (GTK_GRID (threads),
                     create_toggle (self, cell, core, g_array_index (core->cpus, guint, i)),
                     (int) (i % THREADS_PER_LINE), (int) (i / THREADS_PER_LINE), 1, 1);
  gtk_box_append (GTK_BOX (box), threads);
  return box;
}

static GtkWidget *
create_socket (const KvmmXmlHostCore *core)
{
  GtkWidget *cores = gtk_flow_box_new ();
  g_autofree char *name = core->is_known ? g_strdup_printf (_ ("Socket %u"), core->socket)
                                         : g_strdup (_ ("Processors"));

  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (cores), GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (cores), CORES_PER_LINE);
  gtk_flow_box_set_column_spacing (GTK_FLOW_BOX (cores), 6);
  gtk_flow_box_set_row_spacing (GTK_FLOW_BOX (cores), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (cores), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return cores;
}

static GtkWidget *
create_heading (const KvmmXmlHostCore *core)
{
  g_autofree char *text = g_strdup_printf (_ ("Socket %u"), core->socket);
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_margin_top (label, 6);
  gtk_widget_add_css_class (label, "caption-heading");
  return label;
}

static void
add_cores (KvmmHostCpusWindow *self, GtkWidget *box, const KvmmXmlHostCell *cell)
{
  const KvmmXmlHostCore *last = NULL;
  GtkWidget *cores = NULL;

  for (guint i = 0; i < cell->cores->len; i++)
    {
      const KvmmXmlHostCore *core = cell->cores->pdata[i];
      GtkWidget *child;

      if (last == NULL || last->is_known != core->is_known || last->socket != core->socket)
        {
          if (core->is_known)
            gtk_box_append (GTK_BOX (box), create_heading (core));
          cores = create_socket (core);
          gtk_box_append (GTK_BOX (box), cores);
        }
      last = core;
      gtk_flow_box_insert (GTK_FLOW_BOX (cores), create_core (self, cell, core), -1);
      /* The keyboard goes to the processors in it. */
      child = gtk_widget_get_last_child (cores);
      gtk_widget_set_focusable (child, FALSE);
      gtk_widget_set_halign (child, GTK_ALIGN_START);
    }
}

static GtkWidget *
create_cell (KvmmHostCpusWindow *self, const KvmmXmlHostCell *cell)
{
  GtkWidget *group = adw_preferences_group_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *button = gtk_button_new_with_label (_ ("All or None"));
  g_autofree char *title = g_strdup_printf (_ ("NUMA Cell %u"), cell->id);
  /* Translators: a button's name; the number of a cell follows */
  g_autofree char *name = g_strdup_printf (_ ("All or none of NUMA cell %u"), cell->id);

  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), title);
  if (cell->memory_kib > 0)
    {
      g_autofree char *memory = kvmm_units_bytes (MIN (cell->memory_kib, G_MAXINT64 / 1024) * 1024);
      /* Translators: an amount of memory */
      g_autofree char *text = g_strdup_printf (_ ("%s of memory"), memory);

      adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group), text);
    }
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_reset_relation (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (cell_clicked_cb), self, 0);
  adw_preferences_group_set_header_suffix (ADW_PREFERENCES_GROUP (group), button);
  add_cores (self, box, cell);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), box);
  return group;
}

static void
done_cb (KvmmHostCpusWindow *self)
{
  g_autofree char *text = kvmm_xml_cpu_set_format (self->set);

  if (self->row != NULL)
    gtk_editable_set_text (self->row, text);
  gtk_window_close (GTK_WINDOW (self));
}

static void
kvmm_host_cpus_window_dispose (GObject *object)
{
  KvmmHostCpusWindow *self = KVMM_HOST_CPUS_WINDOW (object);

  g_clear_object (&self->row);
  g_ptr_array_set_size (self->toggles, 0);
  G_OBJECT_CLASS (kvmm_host_cpus_window_parent_class)->dispose (object);
}

static void
kvmm_host_cpus_window_finalize (GObject *object)
{
  KvmmHostCpusWindow *self = KVMM_HOST_CPUS_WINDOW (object);

  g_ptr_array_unref (self->toggles);
  g_free (self->set);
  G_OBJECT_CLASS (kvmm_host_cpus_window_parent_class)->finalize (object);
}

static void
kvmm_host_cpus_window_class_init (KvmmHostCpusWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_host_cpus_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_host_cpus_window_finalize;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-host-cpus-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmHostCpusWindow, summary);
  gtk_widget_class_bind_template_child (widget_class, KvmmHostCpusWindow, cells);
  gtk_widget_class_bind_template_callback (widget_class, done_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_host_cpus_window_init (KvmmHostCpusWindow *self)
{
  self->toggles = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

KvmmXmlHostTopology *
kvmm_host_cpus_window_read (KvmmDomain *domain)
{
  KvmmConnection *connection;
  const KvmmVirtHost *host;

  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  connection = kvmm_domain_get_connection (domain);
  host = connection != NULL ? kvmm_connection_get_host (connection) : NULL;
  return host != NULL && host->capabilities_xml != NULL
             ? kvmm_xml_host_topology_parse (host->capabilities_xml)
             : NULL;
}

static void
open_cb (GtkWidget *button, gpointer user_data)
{
  GtkWidget *row = user_data;
  KvmmDomain *domain = g_object_get_data (G_OBJECT (row), DOMAIN_KEY);
  g_autoptr (KvmmXmlHostTopology) topology = kvmm_host_cpus_window_read (domain);
  KvmmHostCpusWindow *self;

  if (topology == NULL)
    return;
  self =
      g_object_new (KVMM_TYPE_HOST_CPUS_WINDOW, "transient-for", gtk_widget_get_root (row), NULL);
  self->row = GTK_EDITABLE (g_object_ref (row));
  self->set = kvmm_xml_cpu_set_parse (gtk_editable_get_text (self->row));
  for (guint i = 0; i < topology->cells->len; i++)
    gtk_box_append (self->cells, create_cell (self, topology->cells->pdata[i]));
  show_summary (self);
  gtk_window_present (GTK_WINDOW (self));
  if (self->toggles->len > 0)
    gtk_widget_grab_focus (self->toggles->pdata[0]);
}

void
kvmm_host_cpus_window_attach (GtkWidget *row, KvmmDomain *domain)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("view-grid-symbolic");
  /* Translators: a button's name; the label of a field follows */
  g_autofree char *name = g_strdup_printf (
      _ ("Choose on the host: %s"), adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)));

  g_return_if_fail (ADW_IS_ENTRY_ROW (row) && KVMM_IS_DOMAIN (domain));

  g_object_set_data_full (G_OBJECT (row), DOMAIN_KEY, g_object_ref (domain), g_object_unref);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Choose Among the Host's Processors"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (open_cb), row, 0);
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (row), button);
}
