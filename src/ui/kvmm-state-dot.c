/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-state-dot.h"

/* How much of the colour is left on machines whose connection is lost. */
#define UNKNOWN_ALPHA 0.5f

void
kvmm_state_dot_get_color (GtkWidget *widget, KvmmDomain *domain, const char *name, GdkRGBA *color)
{
  GtkStyleContext *context = gtk_widget_get_style_context (widget);

  if (!name || !gtk_style_context_lookup_color (context, name, color))
    gtk_style_context_get_color (context, color);
  if (kvmm_domain_get_state (domain) == KVMM_DOMAIN_STATE_UNKNOWN)
    color->alpha *= UNKNOWN_ALPHA;
}

static const char *
get_dot_color (KvmmDomainState state)
{
  switch (state)
    {
    case KVMM_DOMAIN_STATE_RUNNING:
      return "success_color";
    case KVMM_DOMAIN_STATE_PAUSED:
    case KVMM_DOMAIN_STATE_SHUTTING_DOWN:
    case KVMM_DOMAIN_STATE_SUSPENDED:
      return "warning_color";
    case KVMM_DOMAIN_STATE_CRASHED:
      return "error_color";
    case KVMM_DOMAIN_STATE_SHUT_OFF:
    case KVMM_DOMAIN_STATE_UNKNOWN:
      break;
    }

  return NULL;
}

void
kvmm_state_dot_snapshot (
    GtkWidget *widget, GtkSnapshot *snapshot, KvmmDomain *domain, float x, float middle)
{
  const float size = KVMM_STATE_DOT_SIZE;
  gboolean is_on = kvmm_domain_get_is_active (domain);
  GdkRGBA color;
  GskRoundedRect outline;

  kvmm_state_dot_get_color (widget, domain, get_dot_color (kvmm_domain_get_state (domain)), &color);
  gsk_rounded_rect_init_from_rect (&outline, &GRAPHENE_RECT_INIT (x, middle - size / 2, size, size),
                                   size / 2);
  if (is_on)
    {
      gtk_snapshot_push_rounded_clip (snapshot, &outline);
      gtk_snapshot_append_color (snapshot, &color, &outline.bounds);
      gtk_snapshot_pop (snapshot);
    }
  else
    {
      const float widths[4] = { 1.5f, 1.5f, 1.5f, 1.5f };
      const GdkRGBA colors[4] = { color, color, color, color };

      gtk_snapshot_append_border (snapshot, &outline, widths, colors);
    }
}
