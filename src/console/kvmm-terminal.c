/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-terminal.h"

#include <glib/gi18n.h>

#include "console/kvmm-terminal-keys.h"
#include "console/kvmm-terminal-screen.h"

#define READ_BYTES (64 * 1024)
#define WRITE_BYTES (32 * 1024)
/* VTE parses what it is fed from a timer of its own and does not say how far it is. So it gets no
 * more than this in one pause's time: a guest that floods is held back by the stream's credit. */
#define BURST_BYTES (256 * 1024)
#define PAUSE_MS 15
#define PAUSE_PRIORITY (GDK_PRIORITY_REDRAW + 30)
/* A window that is being dragged has many sizes. */
#define RESIZE_DELAY_MS 100
#define PACE_MS 20

struct _KvmmTerminal
{
  AdwBin parent_instance;

  VteTerminal *vte;
  GtkWidget *popover;
  GIOStream *stream;         /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) of the stream's calls */
  GQueue chunks;             /* (element-type GBytes) still to be sent */
  gsize n_queued;
  gsize n_burst;
  gint64 burst_us;
  guint pause_id;
  guint resize_id;
  guint columns;
  guint rows;
  gboolean is_writing;
  guint pace_bytes; /* 0: as fast as it goes */
  gsize max_queue;
  guint pace_id;
  GCancellable *paste_cancellable; /* (owned) */
};

enum
{
  ENDED,
  RESIZED,
  ENTER,
  TYPED,
  OVERRUN,
  RUNG,
  RECEIVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmTerminal, kvmm_terminal, ADW_TYPE_BIN)

static void read_more (KvmmTerminal *self);
static void write_more (KvmmTerminal *self);

/* ---- From the stream to the screen ---- */

static gboolean
pause_over_cb (gpointer user_data)
{
  KvmmTerminal *self = user_data;

  self->pause_id = 0;
  self->n_burst = 0;
  read_more (self);
  return G_SOURCE_REMOVE;
}

static void
read_or_pause (KvmmTerminal *self, gsize n_read)
{
  gint64 now_us = g_get_monotonic_time ();

  if (now_us - self->burst_us > PAUSE_MS * 1000)
    {
      self->burst_us = now_us;
      self->n_burst = 0;
    }
  self->n_burst += n_read;
  if (self->n_burst < BURST_BYTES)
    read_more (self);
  else
    self->pause_id = g_timeout_add_full (PAUSE_PRIORITY, PAUSE_MS, pause_over_cb, self, NULL);
}

/* A call that was cancelled may find its terminal gone: it looks at the error alone. */
static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTerminal *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      g_signal_emit (self, signals[ENDED], 0, error);
      return;
    }
  g_signal_emit (self, signals[RECEIVED], 0, bytes);
  vte_terminal_feed (self->vte, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  read_or_pause (self, g_bytes_get_size (bytes));
}

static void
read_more (KvmmTerminal *self)
{
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (self->stream), READ_BYTES,
                                   G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
}

/* ---- From the keyboard to the stream ---- */

static void
take_written (KvmmTerminal *self, gsize n)
{
  GBytes *first = g_queue_peek_head (&self->chunks);
  gsize size = g_bytes_get_size (first);

  self->n_queued -= n;
  if (n < size)
    self->chunks.head->data = g_bytes_new_from_bytes (first, n, size - n);
  else
    g_queue_pop_head (&self->chunks);
  g_bytes_unref (first);
}

static gboolean
pace_over_cb (gpointer user_data)
{
  KvmmTerminal *self = user_data;

  self->pace_id = 0;
  write_more (self);
  return G_SOURCE_REMOVE;
}

static void
write_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTerminal *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->is_writing = FALSE;
  /* Why it cannot be written is what reading will say. */
  if (n < 0)
    return;
  take_written (self, n);
  if (self->pace_bytes > 0 && (gsize) n >= self->pace_bytes)
    self->pace_id = g_timeout_add (PACE_MS, pace_over_cb, self);
  else
    write_more (self);
}

static void
write_more (KvmmTerminal *self)
{
  GBytes *first = g_queue_peek_head (&self->chunks);
  gsize at_once = self->pace_bytes > 0 ? self->pace_bytes : WRITE_BYTES;

  if (self->is_writing || self->pace_id != 0 || first == NULL || self->stream == NULL)
    return;
  self->is_writing = TRUE;
  g_output_stream_write_async (g_io_stream_get_output_stream (self->stream),
                               g_bytes_get_data (first, NULL),
                               MIN (g_bytes_get_size (first), at_once), G_PRIORITY_DEFAULT,
                               self->cancellable, write_cb, self);
}

/* Keys, pastes, and what VTE answers to the guest's questions: a guest that asks and does not read
 * finds the end of the queue. */
static void
commit_cb (KvmmTerminal *self, const char *text, guint size)
{
  if (self->stream == NULL)
    {
      if (size == 1 && text[0] == '\r')
        g_signal_emit (self, signals[ENTER], 0);
      return;
    }
  if (self->n_queued > self->max_queue ||
      (self->pace_bytes > 0 && self->n_queued + size > self->max_queue))
    {
      g_signal_emit (self, signals[OVERRUN], 0);
      return;
    }
  g_queue_push_tail (&self->chunks, g_bytes_new (text, size));
  self->n_queued += size;
  write_more (self);
  g_signal_emit (self, signals[TYPED], 0);
}

/* ---- The widget ---- */

static gboolean
resize_cb (gpointer user_data)
{
  KvmmTerminal *self = user_data;
  guint columns, rows;

  self->resize_id = 0;
  kvmm_terminal_get_size (self, &columns, &rows);
  if (columns != self->columns || rows != self->rows)
    {
      self->columns = columns;
      self->rows = rows;
      g_signal_emit (self, signals[RESIZED], 0, columns, rows);
    }
  return G_SOURCE_REMOVE;
}

static void
size_changed_cb (KvmmTerminal *self)
{
  guint columns, rows;

  kvmm_terminal_get_size (self, &columns, &rows);
  if (columns == self->columns && rows == self->rows)
    return;
  g_clear_handle_id (&self->resize_id, g_source_remove);
  self->resize_id = g_timeout_add (RESIZE_DELAY_MS, resize_cb, self);
}

static void
bell_cb (KvmmTerminal *self)
{
  g_signal_emit (self, signals[RUNG], 0);
}

static void
menu_cb (GtkGestureClick *gesture, int n_press, double x, double y, gpointer user_data)
{
  KvmmTerminal *self = user_data;
  const GdkRectangle at = { (int) x, (int) y, 1, 1 };

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "screen.copy",
                                 vte_terminal_get_has_selection (self->vte));
  gtk_popover_set_pointing_to (GTK_POPOVER (self->popover), &at);
  gtk_popover_popup (GTK_POPOVER (self->popover));
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static GtkWidget *
create_popover (void)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) edit = g_menu_new ();
  g_autoptr (GMenu) more = g_menu_new ();
  GtkWidget *popover;

  g_menu_append (edit, _ ("_Copy"), "screen.copy");
  g_menu_append (edit, _ ("_Paste"), "screen.paste");
  g_menu_append (edit, _ ("Select _All"), "screen.select-all");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (edit));
  g_menu_append (more, _ ("_Find…"), "terminal.find");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (more));
  popover = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
  gtk_popover_set_has_arrow (GTK_POPOVER (popover), FALSE);
  gtk_widget_set_halign (popover, GTK_ALIGN_START);
  return popover;
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmTerminal *self = KVMM_TERMINAL (widget);

  if (g_str_equal (name, "screen.copy"))
    kvmm_terminal_copy (self);
  else if (g_str_equal (name, "screen.paste"))
    kvmm_terminal_paste (self);
  else
    kvmm_terminal_select_all (self);
}

static gboolean
kvmm_terminal_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (KVMM_TERMINAL (widget)->vte));
}

static void
kvmm_terminal_dispose (GObject *object)
{
  KvmmTerminal *self = KVMM_TERMINAL (object);

  kvmm_terminal_detach (self);
  g_cancellable_cancel (self->paste_cancellable);
  g_clear_handle_id (&self->resize_id, g_source_remove);
  g_clear_pointer (&self->popover, gtk_widget_unparent);
  g_clear_object (&self->paste_cancellable);
  G_OBJECT_CLASS (kvmm_terminal_parent_class)->dispose (object);
}

static void
kvmm_terminal_class_init (KvmmTerminalClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GType type = G_TYPE_FROM_CLASS (klass);
  const GSignalFlags flags = G_SIGNAL_RUN_LAST;

  G_OBJECT_CLASS (klass)->dispose = kvmm_terminal_dispose;
  widget_class->grab_focus = kvmm_terminal_grab_focus;
  signals[ENDED] =
      g_signal_new ("ended", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[RESIZED] = g_signal_new ("resized", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                   G_TYPE_UINT, G_TYPE_UINT);
  signals[ENTER] = g_signal_new ("enter", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[TYPED] = g_signal_new ("typed", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[OVERRUN] = g_signal_new ("overrun", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RUNG] = g_signal_new ("rung", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RECEIVED] =
      g_signal_new ("received", type, flags, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
  gtk_widget_class_install_action (widget_class, "screen.copy", NULL, action_cb);
  gtk_widget_class_install_action (widget_class, "screen.paste", NULL, action_cb);
  gtk_widget_class_install_action (widget_class, "screen.select-all", NULL, action_cb);
}

static void
kvmm_terminal_init (KvmmTerminal *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkGesture *click = gtk_gesture_click_new ();

  g_queue_init (&self->chunks);
  self->max_queue = KVMM_TERMINAL_MAX_QUEUE;
  self->paste_cancellable = g_cancellable_new ();
  self->vte = VTE_TERMINAL (kvmm_terminal_screen_new ());
  kvmm_terminal_guard_keys (GTK_WIDGET (self->vte));
  vte_terminal_set_scrollback_lines (self->vte, KVMM_TERMINAL_SCROLLBACK);
  vte_terminal_set_scroll_on_keystroke (self->vte, TRUE);
  vte_terminal_set_mouse_autohide (self->vte, TRUE);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->vte));
  adw_bin_set_child (ADW_BIN (self), scroller);
  gtk_widget_add_css_class (GTK_WIDGET (self), "terminal");

  self->popover = create_popover ();
  gtk_widget_set_parent (self->popover, GTK_WIDGET (self));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "pressed", G_CALLBACK (menu_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));

  g_signal_connect_object (self->vte, "commit", G_CALLBACK (commit_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->vte, "bell", G_CALLBACK (bell_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->vte, "char-size-changed", G_CALLBACK (size_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->vte, "sized", G_CALLBACK (size_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

GtkWidget *
kvmm_terminal_new (void)
{
  return g_object_new (KVMM_TYPE_TERMINAL, NULL);
}

void
kvmm_terminal_attach (KvmmTerminal *self, GIOStream *stream)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));
  g_return_if_fail (G_IS_IO_STREAM (stream));

  kvmm_terminal_detach (self);
  kvmm_terminal_screen_renew (KVMM_TERMINAL_SCREEN (self->vte));
  self->stream = g_object_ref (stream);
  self->cancellable = g_cancellable_new ();
  self->n_burst = 0;
  /* The next size is told whatever the one before was. */
  kvmm_terminal_get_size (self, &self->columns, &self->rows);
  read_more (self);
}

void
kvmm_terminal_detach (KvmmTerminal *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->pause_id, g_source_remove);
  g_clear_handle_id (&self->pace_id, g_source_remove);
  g_queue_clear_full (&self->chunks, (GDestroyNotify) g_bytes_unref);
  self->n_queued = 0;
  self->is_writing = FALSE;
  g_clear_object (&self->stream);
}

gboolean
kvmm_terminal_get_is_attached (KvmmTerminal *self)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL (self), FALSE);

  return self->stream != NULL;
}

void
kvmm_terminal_get_size (KvmmTerminal *self, guint *columns, guint *rows)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  *columns = CLAMP (vte_terminal_get_column_count (self->vte), 1, 1000);
  *rows = CLAMP (vte_terminal_get_row_count (self->vte), 1, 1000);
}

void
kvmm_terminal_set_scrollback (KvmmTerminal *self, guint lines)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  vte_terminal_set_scrollback_lines (self->vte, lines);
}

void
kvmm_terminal_set_colors (KvmmTerminal *self, KvmmTerminalColors colors)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  kvmm_terminal_screen_set_colors (KVMM_TERMINAL_SCREEN (self->vte), colors);
}

void
kvmm_terminal_set_pace (KvmmTerminal *self, guint bytes, gsize max_queue)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));
  g_return_if_fail (bytes > 0);

  self->pace_bytes = bytes;
  self->max_queue = max_queue;
}

void
kvmm_terminal_begin_line (KvmmTerminal *self)
{
  glong column, row;

  g_return_if_fail (KVMM_IS_TERMINAL (self));

  vte_terminal_get_cursor_position (self->vte, &column, &row);
  if (column > 0)
    vte_terminal_feed (self->vte, "\r\n", 2);
}

gsize
kvmm_terminal_get_queued (KvmmTerminal *self)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL (self), 0);

  return self->n_queued;
}

void
kvmm_terminal_type (KvmmTerminal *self, const char *text)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  if (self->stream != NULL && text[0] != '\0')
    vte_terminal_paste_text (self->vte, text);
}

void
kvmm_terminal_send (KvmmTerminal *self, const char *text)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  if (self->stream != NULL)
    commit_cb (self, text, strlen (text));
}

void
kvmm_terminal_copy (KvmmTerminal *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  if (vte_terminal_get_has_selection (self->vte))
    vte_terminal_copy_clipboard_format (self->vte, VTE_FORMAT_TEXT);
}

static void
paste_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, &error);

  if (text != NULL)
    kvmm_terminal_type (user_data, text);
}

void
kvmm_terminal_paste (KvmmTerminal *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                                 self->paste_cancellable, paste_cb, self);
}

void
kvmm_terminal_select_all (KvmmTerminal *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  vte_terminal_select_all (self->vte);
}

gboolean
kvmm_terminal_get_has_selection (KvmmTerminal *self)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL (self), FALSE);

  return vte_terminal_get_has_selection (self->vte);
}

void
kvmm_terminal_set_scale (KvmmTerminal *self, double scale)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  vte_terminal_set_font_scale (self->vte, scale);
}

void
kvmm_terminal_set_faded (KvmmTerminal *self, gboolean faded)
{
  g_return_if_fail (KVMM_IS_TERMINAL (self));

  if (faded)
    gtk_widget_add_css_class (GTK_WIDGET (self), "faded");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "faded");
}

gboolean
kvmm_terminal_find (KvmmTerminal *self, const char *text, gboolean is_down)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL (self), FALSE);

  return kvmm_terminal_screen_find (KVMM_TERMINAL_SCREEN (self->vte), text, is_down);
}
