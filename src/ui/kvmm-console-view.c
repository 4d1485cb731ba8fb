/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-view.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-extras.h"
#include "kvmm-console-secret.h"
#include "kvmm-console-settings.h"
#include "kvmm-console-sign-in.h"
#include "kvmm-dialogs.h"
#include "model/kvmm-connection.h"

struct _KvmmConsoleView
{
  AdwBin parent_instance;

  KvmmSettings *settings;      /* (owned) */
  GSettings *machine;          /* (owned) of this machine */
  KvmmDomain *domain;          /* (owned) */
  KvmmConsoleOpener *opener;   /* (owned) */
  KvmmConsoleSession *session; /* (owned) */
  KvmmDisplay *display;        /* (owned) (nullable) */
  GCancellable *cancellable;   /* (owned) (nullable) of what this opening waits for */
  guint index;
  KvmmGraphicsKind kind;
  gboolean has_tablet;
  gboolean is_secret_tried; /* the keyring was asked since the last picture */
  gboolean is_remembered;   /* the keyring has one, which may be wrong */
  gboolean is_answered;     /* with what stands in the form */
  gboolean wants_focus;     /* somebody gave it the keyboard before there was a place for it */
  gpointer focus_then;      /* (unowned) (nullable): only to be compared: where it was then */

  GtkStack *stack;
  GtkLabel *progress;
  KvmmConsoleSignIn *sign_in;
  GtkScrolledWindow *scrolled;
  GtkWidget *reconnecting;
  AdwStatusPage *off;
  GtkWidget *start_button;
  AdwStatusPage *error;
  GtkButton *retry_button;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleView, kvmm_console_view, ADW_TYPE_BIN)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_DISPLAY_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* ---- what is shown ---- */

static void
show_progress (KvmmConsoleView *self)
{
  const char *progress = kvmm_console_session_get_progress (self->session);
  KvmmConnection *connection = kvmm_domain_get_connection (self->domain);
  g_autofree char *waiting = NULL;

  if (kvmm_console_session_get_state (self->session) == KVMM_CONSOLE_SESSION_WAITING &&
      connection != NULL)
    {
      waiting = g_strdup_printf (_ ("Waiting for the connection to %s…"),
                                 kvmm_connection_get_name (connection));
      progress = waiting;
    }
  gtk_label_set_text (self->progress, progress != NULL ? progress : _ ("Opening the screen…"));
}

static void
show_error (KvmmConsoleView *self)
{
  const GError *error = kvmm_console_session_get_error (self->session);
  gboolean is_taken =
      g_error_matches (error, KVMM_CONSOLE_SESSION_PROBLEM, KVMM_CONSOLE_SESSION_PROBLEM_TAKEN);
  g_autofree char *text = error != NULL ? g_markup_escape_text (error->message, -1) : NULL;

  adw_status_page_set_icon_name (self->error,
                                 is_taken ? "system-users-symbolic" : "dialog-warning-symbolic");
  adw_status_page_set_title (self->error, is_taken ? _ ("Another Viewer Has This Screen")
                                                   : _ ("The Screen Cannot Be Shown"));
  adw_status_page_set_description (self->error, text);
  gtk_button_set_label (self->retry_button, is_taken ? _ ("_Take Back") : _ ("_Try Again"));
}

static void
show_sign_in (KvmmConsoleView *self)
{
  const GError *error = kvmm_console_session_get_error (self->session);
  KvmmDisplayNeeds needs = self->display != NULL ? kvmm_display_get_auth_needs (self->display) : 0;

  kvmm_console_sign_in_ask (self->sign_in, (needs & KVMM_DISPLAY_NEEDS_USERNAME) != 0,
                            error != NULL ? error->message : NULL);
}

static const char *
get_page (KvmmConsoleSessionState state)
{
  switch (state)
    {
    case KVMM_CONSOLE_SESSION_OFF:
      return "off";
    case KVMM_CONSOLE_SESSION_WAITING:
    case KVMM_CONSOLE_SESSION_CONNECTING:
      return "connecting";
    case KVMM_CONSOLE_SESSION_SIGN_IN:
      return "sign-in";
    case KVMM_CONSOLE_SESSION_PICTURE:
    case KVMM_CONSOLE_SESSION_RECONNECTING:
      return "picture";
    case KVMM_CONSOLE_SESSION_ERROR:
      return "error";
    }
  return "off";
}

/* The keyboard comes here when it was meant to, and has not gone elsewhere since. */
static void
move_focus (KvmmConsoleView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  gboolean is_here = focus == NULL || gtk_widget_is_ancestor (focus, GTK_WIDGET (self)) ||
                     !gtk_widget_get_mapped (focus);

  if (root == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (is_here || (self->wants_focus && focus == self->focus_then))
    gtk_widget_grab_focus (GTK_WIDGET (self));
}

/* A screen reader finds the other pages of a stack as well, as long as they are visible. */
void
kvmm_console_show_only (GtkStack *stack, const char *name)
{
  GtkWidget *shown = gtk_stack_get_child_by_name (stack, name);

  gtk_widget_set_visible (shown, TRUE);
  gtk_stack_set_visible_child (stack, shown);
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (stack)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    gtk_widget_set_visible (child, child == shown);
}

static void
session_changed_cb (KvmmConsoleView *self)
{
  KvmmConsoleSessionState state = kvmm_console_session_get_state (self->session);
  const char *page = get_page (state);
  gboolean is_new = g_strcmp0 (page, gtk_stack_get_visible_child_name (self->stack)) != 0;

  show_progress (self);
  if (state == KVMM_CONSOLE_SESSION_ERROR)
    show_error (self);
  else if (state == KVMM_CONSOLE_SESSION_SIGN_IN)
    show_sign_in (self);
  if (state == KVMM_CONSOLE_SESSION_PICTURE || state == KVMM_CONSOLE_SESSION_OFF)
    self->is_secret_tried = FALSE;
  gtk_widget_set_visible (self->reconnecting, state == KVMM_CONSOLE_SESSION_RECONNECTING);
  kvmm_console_show_only (self->stack, page);
  if (is_new)
    move_focus (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* ---- passwords ---- */

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsoleView) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_console_secret_store_finish (result, &error))
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("The password could not be remembered"), error);
}

static void
cleared_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsoleView) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_console_secret_clear_finish (result, &error))
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("The old password could not be forgotten"), error);
}

/* What was typed opened the screen, so what the keyring had did not. */
static void
remember (KvmmConsoleView *self)
{
  if (self->is_answered && kvmm_console_sign_in_get_remember (self->sign_in))
    kvmm_console_secret_store_async (
        self->domain, kvmm_console_sign_in_get_username (self->sign_in),
        kvmm_console_sign_in_get_password (self->sign_in), NULL, stored_cb, g_object_ref (self));
  else if (self->is_answered && self->is_remembered)
    kvmm_console_secret_clear_async (self->domain, NULL, cleared_cb, g_object_ref (self));
  self->is_answered = FALSE;
  kvmm_console_sign_in_clear (self->sign_in);
}

static void
answered_cb (KvmmConsoleView *self)
{
  if (self->display == NULL)
    return;
  self->is_answered = TRUE;
  kvmm_console_session_report_answered (self->session);
  kvmm_display_answer_auth (self->display, kvmm_console_sign_in_get_username (self->sign_in),
                            kvmm_console_sign_in_get_password (self->sign_in));
}

static void
looked_up_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsoleView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *username = NULL;
  char *password = kvmm_console_secret_lookup_finish (result, &username, &error);

  if (error != NULL)
    g_debug ("%s", error->message);
  self->is_remembered = password != NULL;
  kvmm_console_sign_in_set_remember (self->sign_in, self->is_remembered);
  if (self->display == NULL || kvmm_display_get_state (self->display) != KVMM_DISPLAY_AUTH_NEEDED)
    ;
  else if (password != NULL)
    {
      kvmm_console_session_report_answered (self->session);
      kvmm_display_answer_auth (self->display, username, password);
    }
  else
    kvmm_console_session_report_asked (self->session);
  kvmm_console_secret_free (password);
}

/* The keyring first, once: what it holds may be old. */
static void
ask (KvmmConsoleView *self)
{
  if (self->is_secret_tried)
    {
      kvmm_console_session_report_asked (self->session);
      return;
    }
  self->is_secret_tried = TRUE;
  kvmm_console_secret_lookup_async (self->domain, self->cancellable, looked_up_cb,
                                    g_object_ref (self));
}

/* ---- the display ---- */

static KvmmConsoleSessionEnd
get_end (const GError *error)
{
  if (g_error_matches (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_AUTH))
    return KVMM_CONSOLE_SESSION_END_REFUSED;
  if (g_error_matches (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED) ||
      g_error_matches (error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_NO_GRAPHICS))
    return KVMM_CONSOLE_SESSION_END_FAILED;
  return KVMM_CONSOLE_SESSION_END_LOST;
}

static void
display_state_cb (KvmmConsoleView *self)
{
  switch (kvmm_display_get_state (self->display))
    {
    case KVMM_DISPLAY_AUTH_NEEDED:
      ask (self);
      break;
    case KVMM_DISPLAY_CONNECTED:
      remember (self);
      kvmm_console_session_report_picture (self->session);
      break;
    case KVMM_DISPLAY_IDLE:
    case KVMM_DISPLAY_CONNECTING:
    case KVMM_DISPLAY_DISCONNECTED:
      break;
    }
}

static void
display_progress_cb (KvmmConsoleView *self)
{
  kvmm_console_session_report_progress (self->session,
                                        kvmm_display_get_progress_text (self->display));
}

static void
display_closed_cb (KvmmConsoleView *self, const GError *error)
{
  if (error == NULL)
    return;
  self->is_answered = FALSE;
  kvmm_console_session_report_end (self->session, get_end (error), error);
}

static void
emit_changed_cb (KvmmConsoleView *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
heads_changed_cb (KvmmDisplay *display, GParamSpec *pspec, KvmmConsoleView *self)
{
  emit_changed_cb (self);
}

static void
audio_cb (KvmmConsoleView *self)
{
  if (self->display != NULL)
    kvmm_display_set_audio_enabled (
        self->display, g_settings_get_boolean (self->machine, KVMM_SETTINGS_MACHINE_AUDIO));
}

static void
warned_cb (KvmmDisplay *display, const GError *error, KvmmConsoleView *self)
{
  kvmm_dialogs_error (GTK_WIDGET (self), _ ("The screen goes on, but something beside it fails"),
                      error);
}

static void
drop_display (KvmmConsoleView *self)
{
  if (self->display == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->display, self);
  kvmm_display_close (self->display);
  gtk_scrolled_window_set_child (self->scrolled, NULL);
  g_clear_object (&self->display);
}

static void
set_display (KvmmConsoleView *self, KvmmDisplay *display)
{
  static const char *const watched[] = { "notify::capabilities", "notify::pointer-absolute",
                                         "notify::keyboard-grabbed", "notify::pointer-grabbed",
                                         "notify::sends-keys" };
  g_autofree char *label =
      g_strdup_printf (_ ("Screen of %s"), kvmm_domain_get_name (self->domain));

  drop_display (self);
  self->display = g_object_ref_sink (display);
  gtk_accessible_update_property (GTK_ACCESSIBLE (display), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  kvmm_console_settings_follow (display, self->settings, self->machine);
  audio_cb (self);
  g_signal_connect_object (display, "notify::state", G_CALLBACK (display_state_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (display, "notify::progress-text", G_CALLBACK (display_progress_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (display, "closed", G_CALLBACK (display_closed_cb), self,
                           G_CONNECT_SWAPPED);
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (display, watched[i], G_CALLBACK (emit_changed_cb), self,
                             G_CONNECT_SWAPPED);
  kvmm_display_connect_warning (display, G_CALLBACK (warned_cb), self);
  kvmm_display_connect_heads_changed (display, G_CALLBACK (heads_changed_cb), self);
  gtk_scrolled_window_set_child (self->scrolled, GTK_WIDGET (display));
  g_signal_emit (self, signals[SIGNAL_DISPLAY_CHANGED], 0);
}

static const KvmmXmlGraphics *
find_graphics (KvmmConsoleView *self, const KvmmXmlConsoles *consoles)
{
  for (guint i = 0; i < consoles->graphics->len; i++)
    {
      const KvmmXmlGraphics *graphics = g_ptr_array_index (consoles->graphics, i);

      if (graphics->index == self->index)
        return graphics;
    }
  return NULL;
}

static gboolean
open_graphics (KvmmConsoleView *self, const KvmmXmlGraphics *graphics, GError **error)
{
  if (graphics == NULL)
    {
      g_set_error (error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_NO_GRAPHICS,
                   _ ("“%s” has no such screen any more."), kvmm_domain_get_name (self->domain));
      return FALSE;
    }
  if (self->display == NULL || self->kind != graphics->kind)
    {
      KvmmDisplay *display = kvmm_display_new_for_kind (graphics->kind, error);

      if (display == NULL)
        return FALSE;
      self->kind = graphics->kind;
      set_display (self, display);
    }
  /* What closes it while the machine goes on is another viewer then. */
  kvmm_console_session_set_exclusive (self->session, kvmm_display_get_is_exclusive (self->display));
  kvmm_display_open (self->display, self->opener, graphics);
  return TRUE;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsoleView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlConsoles) consoles =
      kvmm_console_opener_list_finish (KVMM_CONSOLE_OPENER (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (consoles == NULL)
    {
      kvmm_console_session_report_end (self->session, KVMM_CONSOLE_SESSION_END_LOST, error);
      return;
    }
  self->has_tablet = consoles->has_tablet;
  if (!open_graphics (self, find_graphics (self, consoles), &error))
    kvmm_console_session_report_end (self->session, get_end (error), error);
}

/* Ports and kinds are those of this run: the live configuration is read each time. */
static void
open_cb (KvmmConsoleView *self)
{
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  kvmm_console_opener_list_async (self->opener, self->cancellable, listed_cb, g_object_ref (self));
}

/* The widget stays with the last picture, for the next opening to go on from. */
static void
close_cb (KvmmConsoleView *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  if (self->display != NULL)
    kvmm_display_close (self->display);
}

static void
kvmm_console_view_map (GtkWidget *widget)
{
  KvmmConsoleView *self = KVMM_CONSOLE_VIEW (widget);

  GTK_WIDGET_CLASS (kvmm_console_view_parent_class)->map (widget);
  kvmm_console_session_start (self->session);
  move_focus (self);
}

static gboolean
kvmm_console_view_grab_focus (GtkWidget *widget)
{
  KvmmConsoleView *self = KVMM_CONSOLE_VIEW (widget);
  GtkRoot *root = gtk_widget_get_root (widget);
  const char *page = gtk_stack_get_visible_child_name (self->stack);

  self->wants_focus = FALSE;
  if (g_strcmp0 (page, "picture") == 0 && self->display != NULL)
    return gtk_widget_grab_focus (GTK_WIDGET (self->display));
  if (g_strcmp0 (page, "sign-in") == 0)
    return gtk_widget_grab_focus (GTK_WIDGET (self->sign_in));
  if (g_strcmp0 (page, "error") == 0)
    return gtk_widget_grab_focus (GTK_WIDGET (self->retry_button));
  self->wants_focus = TRUE;
  self->focus_then = root != NULL ? gtk_root_get_focus (root) : NULL;
  return g_strcmp0 (page, "off") == 0 && gtk_widget_grab_focus (self->start_button);
}

static void
kvmm_console_view_dispose (GObject *object)
{
  KvmmConsoleView *self = KVMM_CONSOLE_VIEW (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  if (self->display != NULL)
    drop_display (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->session);
  g_clear_object (&self->opener);
  g_clear_object (&self->domain);
  g_clear_object (&self->machine);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_console_view_parent_class)->dispose (object);
}

static void
kvmm_console_view_class_init (KvmmConsoleViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const names[N_SIGNALS] = { "changed", "display-changed" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_view_dispose;
  widget_class->map = kvmm_console_view_map;
  widget_class->grab_focus = kvmm_console_view_grab_focus;
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] = g_signal_new (names[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                               NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (KVMM_TYPE_CONSOLE_SIGN_IN);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, progress);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, sign_in);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, scrolled);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, reconnecting);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, off);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, start_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, error);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleView, retry_button);
  gtk_widget_class_bind_template_callback (widget_class, answered_cb);
}

static void
kvmm_console_view_init (KvmmConsoleView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->session = kvmm_console_session_new ();
  g_signal_connect_object (self->session, "changed", G_CALLBACK (session_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "open", G_CALLBACK (open_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "close", G_CALLBACK (close_cb), self, G_CONNECT_SWAPPED);
}

GtkWidget *
kvmm_console_view_new (KvmmSettings *settings,
                       KvmmDomain *domain,
                       KvmmConsoleOpener *opener,
                       guint index)
{
  KvmmConsoleView *self = g_object_new (KVMM_TYPE_CONSOLE_VIEW, NULL);
  g_autofree char *title =
      g_markup_printf_escaped (_ ("“%s” Does Not Run"), kvmm_domain_get_name (domain));

  self->settings = g_object_ref (settings);
  self->machine = kvmm_settings_open_machine (settings, kvmm_domain_get_uuid (domain));
  self->domain = g_object_ref (domain);
  self->opener = g_object_ref (opener);
  self->index = index;
  self->kind = KVMM_GRAPHICS_OTHER;
  adw_status_page_set_title (self->off, title);
  g_signal_connect_object (self->machine, "changed::" KVMM_SETTINGS_MACHINE_AUDIO,
                           G_CALLBACK (audio_cb), self, G_CONNECT_SWAPPED);
  kvmm_console_session_follow (self->session, domain);
  return GTK_WIDGET (self);
}

void
kvmm_console_view_retry (KvmmConsoleView *self)
{
  g_return_if_fail (KVMM_IS_CONSOLE_VIEW (self));
  kvmm_console_session_retry (self->session);
}

KvmmConsoleSessionState
kvmm_console_view_get_state (KvmmConsoleView *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_VIEW (self), KVMM_CONSOLE_SESSION_OFF);
  return kvmm_console_session_get_state (self->session);
}

KvmmDisplay *
kvmm_console_view_get_display (KvmmConsoleView *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_VIEW (self), NULL);
  return self->display;
}

gboolean
kvmm_console_view_get_wants_tablet (KvmmConsoleView *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_VIEW (self), FALSE);
  return !self->has_tablet && self->display != NULL &&
         kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED &&
         !kvmm_display_get_pointer_absolute (self->display);
}

KvmmGraphicsKind
kvmm_console_view_get_kind (KvmmConsoleView *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_VIEW (self), KVMM_GRAPHICS_OTHER);
  return self->kind;
}
