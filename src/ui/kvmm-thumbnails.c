/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-thumbnails.h"

#include "kvmm-picture.h"

#include "model/kvmm-connection.h"
#include "model/kvmm-domain-picture.h"
#include "virt/kvmm-virt-error.h"

/* Of the time that a picture took: how long the connection then rests. */
#define REST_FACTOR 4
#define MIN_REST_MS 50
#define MAX_REST_MS 30000
/* How soon a machine that came into sight is thought of. */
#define POKE_MS 100

/* One machine with a place in the view. */
typedef struct
{
  KvmmDomain *domain;  /* (owned) */
  GdkTexture *texture; /* (owned) (nullable) */
  guint n_places;
  int run; /* libvirt's id of the run that the picture is of */
  gint64 due_us;
  gboolean is_hopeless; /* this run has no picture: no screen, or a driver without */
} Place;

/* One connection: at most one picture of it is under way. */
typedef struct
{
  KvmmThumbnails *owner;      /* (unowned) */
  KvmmConnection *connection; /* (unowned): only compared */
  GCancellable *cancellable;  /* (owned) (nullable) while one is under way */
  KvmmDomain *domain;         /* (owned) (nullable) whose it is */
  gint64 asked_us;
  gint64 rest_until_us;
  guint n_in_flight;
} Feed;

struct _KvmmThumbnails
{
  GObject parent_instance;

  GtkWidget *view; /* (unowned) */
  KvmmThumbnailsSeeFunc can_be_seen;
  gpointer see_data;
  GHashTable *places; /* (owned) KvmmDomain → Place */
  GHashTable *feeds;  /* (owned) KvmmConnection → Feed */
  guint timer_id;
  gint64 timer_us; /* when it goes off */
  guint n_asked;
  guint max_in_flight;
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE (KvmmThumbnails, kvmm_thumbnails, G_TYPE_OBJECT)

static void feed_all (KvmmThumbnails *self);

static void
place_free (gpointer data)
{
  Place *place = data;

  g_clear_object (&place->texture);
  g_clear_object (&place->domain);
  g_free (place);
}

static void
feed_free (gpointer data)
{
  Feed *feed = data;

  g_cancellable_cancel (feed->cancellable);
  g_clear_object (&feed->cancellable);
  g_clear_object (&feed->domain);
  g_free (feed);
}

static gboolean
timer_cb (gpointer user_data)
{
  KvmmThumbnails *self = user_data;

  self->timer_id = 0;
  feed_all (self);
  return G_SOURCE_REMOVE;
}

/* The earliest of all wishes counts. */
static void
wake_at (KvmmThumbnails *self, gint64 when_us)
{
  gint64 delay_ms = MAX (0, when_us - g_get_monotonic_time ()) / 1000 + 1;

  if (self->timer_id != 0 && self->timer_us <= when_us)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->timer_us = when_us;
  self->timer_id = g_timeout_add ((guint) MIN (delay_ms, MAX_REST_MS), timer_cb, self);
}

/* ---- one picture ---- */

/* A picture, or the attempt to get one, is over. */
static void
finish (Feed *feed, GdkTexture *texture, const GError *error)
{
  KvmmThumbnails *self = feed->owner;
  g_autoptr (KvmmDomain) domain = g_steal_pointer (&feed->domain);
  Place *place = g_hash_table_lookup (self->places, domain);
  gint64 now_us = g_get_monotonic_time ();
  gint64 cost_ms = (now_us - feed->asked_us) / 1000;
  gboolean is_slow = error != NULL || kvmm_domain_get_state (domain) == KVMM_DOMAIN_STATE_PAUSED;

  g_clear_object (&feed->cancellable);
  feed->n_in_flight--;
  feed->rest_until_us = now_us + CLAMP (cost_ms * REST_FACTOR, MIN_REST_MS, MAX_REST_MS) * 1000;
  if (place != NULL)
    {
      place->due_us =
          now_us +
          (is_slow ? KVMM_THUMBNAILS_SLOW_INTERVAL_MS : KVMM_THUMBNAILS_INTERVAL_MS) * 1000;
      place->is_hopeless = g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
      if (texture != NULL && place->run == kvmm_domain_get_id (domain))
        g_set_object (&place->texture, texture);
      if (texture != NULL)
        g_signal_emit (self, changed_signal, 0, domain);
    }
  wake_at (self, feed->rest_until_us);
}

/* A call that was cancelled may find its feed gone: it looks at the error alone. */
static void
shrunk_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Feed *feed = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = kvmm_picture_shrink_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (error != NULL)
    g_debug ("%s: %s", kvmm_domain_get_name (feed->domain), error->message);
  finish (feed, texture, error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Feed *feed = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *mime = NULL;
  g_autoptr (GBytes) bytes =
      kvmm_domain_read_picture_finish (KVMM_DOMAIN (source), result, &mime, &error);
  guint scale;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (bytes == NULL)
    {
      g_debug ("%s: %s", kvmm_domain_get_name (feed->domain), error->message);
      finish (feed, NULL, error);
      return;
    }
  scale = (guint) CLAMP (gtk_widget_get_scale_factor (feed->owner->view), 1, 3);
  kvmm_picture_shrink_async (bytes, KVMM_THUMBNAILS_WIDTH * scale, KVMM_THUMBNAILS_HEIGHT * scale,
                             feed->cancellable, shrunk_cb, feed);
}

static void
ask (Feed *feed, Place *place)
{
  KvmmThumbnails *self = feed->owner;

  feed->domain = g_object_ref (place->domain);
  feed->cancellable = g_cancellable_new ();
  feed->asked_us = g_get_monotonic_time ();
  feed->n_in_flight++;
  self->n_asked++;
  self->max_in_flight = MAX (self->max_in_flight, feed->n_in_flight);
  place->run = kvmm_domain_get_id (place->domain);
  kvmm_domain_read_picture_async (place->domain, feed->cancellable, read_cb, feed);
}

/* ---- which one is next ---- */

static Feed *
get_feed (KvmmThumbnails *self, KvmmConnection *connection)
{
  Feed *feed = g_hash_table_lookup (self->feeds, connection);

  if (feed != NULL)
    return feed;
  feed = g_new0 (Feed, 1);
  feed->owner = self;
  feed->connection = connection;
  g_hash_table_insert (self->feeds, connection, feed);
  return feed;
}

static gboolean
has_screen (Place *place)
{
  int id = kvmm_domain_get_id (place->domain);
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (place->domain);

  /* Another run is another picture. */
  if (id != place->run)
    {
      place->run = id;
      place->is_hopeless = FALSE;
      place->due_us = 0;
      g_clear_object (&place->texture);
    }
  return kvmm_domain_get_is_active (place->domain) && !place->is_hopeless &&
         (facts == NULL || facts->n_graphics > 0);
}

static void
feed_all (KvmmThumbnails *self)
{
  g_autoptr (GHashTable) choices = g_hash_table_new (NULL, NULL); /* Feed → Place */
  gint64 now_us = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer key, value;

  if (!gtk_widget_get_mapped (self->view))
    return;
  g_hash_table_iter_init (&iter, self->places);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      Place *place = value;
      KvmmConnection *connection = kvmm_domain_get_connection (place->domain);
      Place *best;
      Feed *feed;

      if (connection == NULL || !has_screen (place) ||
          !self->can_be_seen (place->domain, self->see_data))
        continue;
      feed = get_feed (self, connection);
      if (feed->cancellable != NULL)
        continue;
      if (MAX (place->due_us, feed->rest_until_us) > now_us)
        {
          wake_at (self, MAX (place->due_us, feed->rest_until_us));
          continue;
        }
      best = g_hash_table_lookup (choices, feed);
      if (best == NULL || place->due_us < best->due_us)
        g_hash_table_insert (choices, feed, place);
    }
  g_hash_table_iter_init (&iter, choices);
  while (g_hash_table_iter_next (&iter, &key, &value))
    ask (key, value);
}

/* ---- the object ---- */

static void
map_cb (KvmmThumbnails *self)
{
  kvmm_thumbnails_poke (self);
}

static void
unmap_cb (KvmmThumbnails *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
}

static void
kvmm_thumbnails_dispose (GObject *object)
{
  KvmmThumbnails *self = KVMM_THUMBNAILS (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_pointer (&self->feeds, g_hash_table_unref);
  g_clear_pointer (&self->places, g_hash_table_unref);
  G_OBJECT_CLASS (kvmm_thumbnails_parent_class)->dispose (object);
}

static void
kvmm_thumbnails_class_init (KvmmThumbnailsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_thumbnails_dispose;
  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, KVMM_TYPE_DOMAIN);
}

static void
kvmm_thumbnails_init (KvmmThumbnails *self)
{
  self->places = g_hash_table_new_full (NULL, NULL, NULL, place_free);
  self->feeds = g_hash_table_new_full (NULL, NULL, NULL, feed_free);
}

KvmmThumbnails *
kvmm_thumbnails_new (GtkWidget *view, KvmmThumbnailsSeeFunc can_be_seen, gpointer user_data)
{
  KvmmThumbnails *self = g_object_new (KVMM_TYPE_THUMBNAILS, NULL);

  self->view = view;
  self->can_be_seen = can_be_seen;
  self->see_data = user_data;
  g_signal_connect_object (view, "map", G_CALLBACK (map_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (view, "unmap", G_CALLBACK (unmap_cb), self, G_CONNECT_SWAPPED);
  return self;
}

void
kvmm_thumbnails_add (KvmmThumbnails *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_THUMBNAILS (self));

  Place *place = g_hash_table_lookup (self->places, domain);
  if (place == NULL)
    {
      place = g_new0 (Place, 1);
      place->domain = g_object_ref (domain);
      place->run = kvmm_domain_get_id (domain);
      g_hash_table_insert (self->places, domain, place);
    }
  place->n_places++;
  kvmm_thumbnails_poke (self);
}

void
kvmm_thumbnails_remove (KvmmThumbnails *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_THUMBNAILS (self));

  Place *place = g_hash_table_lookup (self->places, domain);
  if (place != NULL && --place->n_places == 0)
    g_hash_table_remove (self->places, domain);
}

GdkTexture *
kvmm_thumbnails_get (KvmmThumbnails *self, KvmmDomain *domain)
{
  g_return_val_if_fail (KVMM_IS_THUMBNAILS (self), NULL);

  Place *place = g_hash_table_lookup (self->places, domain);
  return place != NULL ? place->texture : NULL;
}

void
kvmm_thumbnails_poke (KvmmThumbnails *self)
{
  g_return_if_fail (KVMM_IS_THUMBNAILS (self));

  if (gtk_widget_get_mapped (self->view))
    wake_at (self, g_get_monotonic_time () + POKE_MS * 1000);
}

guint
kvmm_thumbnails_get_n_asked (KvmmThumbnails *self)
{
  g_return_val_if_fail (KVMM_IS_THUMBNAILS (self), 0);

  return self->n_asked;
}

guint
kvmm_thumbnails_get_max_in_flight (KvmmThumbnails *self)
{
  g_return_val_if_fail (KVMM_IS_THUMBNAILS (self), 0);

  return self->max_in_flight;
}
