/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-dialogs.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "virt/kvmm-virt-error.h"

/* Errors stay until they were read or another toast comes. */
#define ERROR_TOAST_SECONDS 10

/* The overlay is above a widget, but below a window; a window without one (a dialog) hands its
 * toasts to the window that it belongs to. */
static GtkWidget *
find_below (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child;
       child = gtk_widget_get_next_sibling (child))
    {
      if (ADW_IS_TOAST_OVERLAY (child))
        return child;

      GtkWidget *found = find_below (child);

      if (found)
        return found;
    }

  return NULL;
}

static void
add_toast (GtkWidget *widget, AdwToast *toast)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (widget, ADW_TYPE_TOAST_OVERLAY);
  GtkRoot *root = gtk_widget_get_root (widget);

  while (!overlay && GTK_IS_WINDOW (root))
    {
      if (ADW_IS_PREFERENCES_WINDOW (root))
        {
          adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (root), toast);
          return;
        }
      overlay = find_below (GTK_WIDGET (root));
      root = GTK_ROOT (gtk_window_get_transient_for (GTK_WINDOW (root)));
    }

  if (overlay)
    adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), toast);
  else
    {
      g_message ("%s", adw_toast_get_title (toast));
      g_object_unref (toast);
    }
}

/* AdwToast takes its title as markup. */
static AdwToast *
new_toast (const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  return adw_toast_new (escaped);
}

void
kvmm_dialogs_toast (GtkWidget *widget, const char *text)
{
  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (text);

  add_toast (widget, new_toast (text));
}

typedef struct
{
  KvmmDialogsFunc clicked;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
} ToastButton;

static void
toast_button_free (gpointer data, GClosure *closure)
{
  ToastButton *self = data;

  if (self->destroy)
    self->destroy (self->user_data);
  g_free (self);
}

static void
toast_button_clicked_cb (AdwToast *toast, gpointer user_data)
{
  ToastButton *self = user_data;

  self->clicked (self->user_data);
}

void
kvmm_dialogs_toast_with_button (GtkWidget *widget,
                                const char *text,
                                const char *button_label,
                                guint timeout_s,
                                KvmmDialogsFunc clicked,
                                gpointer user_data,
                                GDestroyNotify destroy)
{
  AdwToast *toast;
  ToastButton *button;

  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (text);
  g_return_if_fail (clicked);

  button = g_new0 (ToastButton, 1);
  button->clicked = clicked;
  button->user_data = user_data;
  button->destroy = destroy;

  toast = new_toast (text);
  adw_toast_set_timeout (toast, timeout_s);
  adw_toast_set_button_label (toast, button_label);
  g_signal_connect_data (toast, "button-clicked", G_CALLBACK (toast_button_clicked_cb), button,
                         toast_button_free, G_CONNECT_DEFAULT);
  add_toast (widget, toast);
}

static GtkWindow *
get_window (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

static char *
describe_error (const GError *error)
{
  if (error->domain == KVMM_VIRT_ERROR)
    /* Translators: a libvirt error: name, number, and number of the part of libvirt */
    return g_strdup_printf (_ ("libvirt: %s (code %d, domain %d)"),
                            kvmm_virt_error_get_code_name (error), kvmm_virt_error_get_code (error),
                            kvmm_virt_error_get_domain (error));

  return g_strdup_printf ("%s, %d", g_quark_to_string (error->domain), error->code);
}

typedef struct
{
  char *summary;
  GError *error; /* (owned) */
  GWeakRef widget;
} ErrorDetails;

static void
error_details_free (gpointer data)
{
  ErrorDetails *self = data;

  g_free (self->summary);
  g_error_free (self->error);
  g_weak_ref_clear (&self->widget);
  g_free (self);
}

static void
details_response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  if (g_str_equal (response, "copy"))
    {
      GtkWidget *parent = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (dialog)));

      kvmm_dialogs_copy (parent ? parent : GTK_WIDGET (dialog),
                         g_object_get_data (G_OBJECT (dialog), "kvmm-text"));
    }
}

static void
details_clicked_cb (gpointer user_data)
{
  ErrorDetails *self = user_data;
  g_autoptr (GtkWidget) widget = g_weak_ref_get (&self->widget);
  g_autofree char *origin = describe_error (self->error);
  g_autofree char *body = g_strdup_printf ("%s\n\n%s", self->error->message, origin);
  GtkWidget *dialog;

  if (!widget)
    return;

  dialog = adw_message_dialog_new (get_window (widget), self->summary, body);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "copy", _ ("_Copy"), "close",
                                    _ ("_Close"), NULL);
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "close");
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "close");
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-text",
                          g_strdup_printf ("%s\n%s", self->summary, body), g_free);
  g_signal_connect (dialog, "response", G_CALLBACK (details_response_cb), NULL);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
kvmm_dialogs_error (GtkWidget *widget, const char *summary, const GError *error)
{
  ErrorDetails *details;

  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (summary);
  g_return_if_fail (error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  details = g_new0 (ErrorDetails, 1);
  details->summary = g_strdup (summary);
  details->error = g_error_copy (error);
  g_weak_ref_init (&details->widget, widget);

  kvmm_dialogs_toast_with_button (widget, summary, _ ("_Details"), ERROR_TOAST_SECONDS,
                                  details_clicked_cb, details, error_details_free);
}

/* A dialog that goes away with its parent, unanswered, counts as refused. */
typedef struct
{
  GTask *task; /* (owned) (nullable) %NULL once answered */
} Confirm;

static void
confirm_answer (Confirm *self, gboolean accepted)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (task)
    g_task_return_boolean (task, accepted);
}

static void
confirm_free (gpointer data, GClosure *closure)
{
  confirm_answer (data, FALSE);
  g_free (data);
}

static void
confirm_response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  confirm_answer (user_data, g_str_equal (response, "accept"));
}

void
kvmm_dialogs_confirm_async (GtkWidget *widget,
                            const char *heading,
                            const char *body,
                            const char *accept_label,
                            gboolean destructive,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  AdwMessageDialog *dialog;
  Confirm *confirm;

  g_return_if_fail (GTK_IS_WIDGET (widget));

  confirm = g_new0 (Confirm, 1);
  confirm->task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (confirm->task, kvmm_dialogs_confirm_async);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (get_window (widget), heading, body));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "accept", accept_label, NULL);
  adw_message_dialog_set_response_appearance (
      dialog, "accept", destructive ? ADW_RESPONSE_DESTRUCTIVE : ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, destructive ? "cancel" : "accept");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (confirm_response_cb), confirm,
                         confirm_free, G_CONNECT_DEFAULT);
  gtk_window_present (GTK_WINDOW (dialog));
}

gboolean
kvmm_dialogs_confirm_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}

void
kvmm_dialogs_copy (GtkWidget *widget, const char *text)
{
  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (text);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  kvmm_dialogs_toast (widget, _ ("Copied to the clipboard"));
}
