/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-document.h"

/* A difference that people read. Both documents are written anew, an element a line; lines are
 * compared by a key in which attributes are sorted, so that their order is no difference. */

/* Most steps that are looked for; farther apart, everything between is replaced. */
#define STEPS_MAX 1000

typedef struct
{
  char *text; /* (owned) */
  char *key;  /* (owned) */
} Line;

static void
line_free (Line *line)
{
  g_free (line->text);
  g_free (line->key);
  g_free (line);
}

/* ---- writing ---- */

static void
append_escaped (GString *text, const char *value)
{
  g_autofree char *escaped = g_markup_escape_text (value, -1);

  for (const char *p = escaped; *p != '\0'; p++)
    if (*p == '\n')
      g_string_append (text, "&#10;");
    else
      g_string_append_c (text, *p);
}

static const char *
attribute_value (const xmlAttr *attribute)
{
  return attribute->children != NULL && attribute->children->content != NULL
             ? (const char *) attribute->children->content
             : "";
}

/* @is_key: with what is not shown */
static char *
format_attribute (const xmlAttr *attribute, gboolean is_key)
{
  g_autoptr (GString) text = g_string_new (" ");
  const char *prefix = attribute->ns != NULL ? (const char *) attribute->ns->prefix : NULL;

  if (prefix != NULL)
    g_string_append_printf (text, "%s:", prefix);
  g_string_append_printf (text, "%s='", attribute->name);
  if (!is_key && attribute->ns == NULL && strcmp ((const char *) attribute->name, "passwd") == 0)
    g_string_append (text, _ ("(not shown)"));
  else
    append_escaped (text, attribute_value (attribute));
  g_string_append_c (text, '\'');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
append_name (GString *text, const xmlNode *node)
{
  if (node->ns != NULL && node->ns->prefix != NULL)
    g_string_append_printf (text, "%s:", node->ns->prefix);
  g_string_append (text, (const char *) node->name);
}

/* "<disk type='file'", without its end */
static char *
format_start (const xmlNode *node, gboolean is_key)
{
  g_autoptr (GString) text = g_string_new ("<");
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);

  append_name (text, node);
  for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next)
    g_ptr_array_add (parts, g_strdup_printf (" xmlns%s%s='%s'", ns->prefix != NULL ? ":" : "",
                                             ns->prefix != NULL ? (const char *) ns->prefix : "",
                                             ns->href != NULL ? (const char *) ns->href : ""));
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    g_ptr_array_add (parts, format_attribute (attribute, is_key));
  if (is_key)
    g_ptr_array_sort (parts, compare_texts);
  for (guint i = 0; i < parts->len; i++)
    g_string_append (text, parts->pdata[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_line (GPtrArray *lines, guint depth, char *text, char *key)
{
  Line *line = g_new0 (Line, 1);
  g_autofree char *owned_text = text;
  g_autofree char *owned_key = key;

  line->text = g_strdup_printf ("%*s%s", (int) (depth * 2), "", owned_text);
  line->key = g_strdup_printf ("%u%s", depth, owned_key);
  g_ptr_array_add (lines, line);
}

static void
add_element (GPtrArray *lines, const xmlNode *node, guint depth)
{
  g_autofree char *start = format_start (node, FALSE);
  g_autofree char *key = format_start (node, TRUE);
  g_autofree char *content = kvmm_xml_node_dup_text (node);
  const xmlNode *child = kvmm_xml_node_child (node, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  if (lines->len > KVMM_XML_DIFF_INPUT_LINES_MAX)
    return;
  if (content != NULL)
    append_escaped (text, content);
  if (child == NULL)
    {
      g_autoptr (GString) end = g_string_new (text->len > 0 ? "</" : "/>");

      if (text->len > 0)
        {
          append_name (end, node);
          g_string_append_c (end, '>');
        }
      add_line (lines, depth,
                g_strconcat (start, text->len > 0 ? ">" : "", text->str, end->str, NULL),
                g_strconcat (key, text->len > 0 ? ">" : "", text->str, end->str, NULL));
      return;
    }
  add_line (lines, depth, g_strconcat (start, ">", text->str, NULL),
            g_strconcat (key, ">", text->str, NULL));
  for (; child != NULL; child = kvmm_xml_node_next (child, NULL))
    add_element (lines, child, depth + 1);
  g_string_assign (text, "</");
  append_name (text, node);
  g_string_append_c (text, '>');
  add_line (lines, depth, g_strdup (text->str), g_strdup (text->str));
}

static GPtrArray *
read_lines (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  GPtrArray *lines;

  if (document == NULL)
    return NULL;
  lines = g_ptr_array_new_with_free_func ((GDestroyNotify) line_free);
  add_element (lines, xmlDocGetRootElement (document), 0);
  return lines;
}

/* ---- comparing: E. W. Myers, An O(ND) Difference Algorithm ---- */

typedef struct
{
  GPtrArray *old_lines; /* (unowned) */
  GPtrArray *new_lines; /* (unowned) */
  guint head;           /* lines that are the same at the begin … */
  guint tail;           /* … and at the end */
  gboolean *removed;    /* (owned) by old line */
  gboolean *added;      /* (owned) by new line */
} Comparison;

static gboolean
is_same (const Comparison *self, guint old_line, guint new_line)
{
  const Line *a = self->old_lines->pdata[old_line];
  const Line *b = self->new_lines->pdata[new_line];

  return strcmp (a->key, b->key) == 0;
}

static void
mark_all (Comparison *self)
{
  for (guint i = self->head; i < self->old_lines->len - self->tail; i++)
    self->removed[i] = TRUE;
  for (guint i = self->head; i < self->new_lines->len - self->tail; i++)
    self->added[i] = TRUE;
}

#define UNREACHED (-1)

/* One step from the diagonals beside @k. @before: the farthest old line on each of them. Returns:
 * the old line reached on @k, UNREACHED when both ways lead out of a document */
static int
take_step (const int *before, int d, int k, int n_old, int n_new, gboolean *down)
{
  int right_x = k > -d && before[k - 1] != UNREACHED ? before[k - 1] + 1 : UNREACHED;
  int down_x = k < d ? before[k + 1] : UNREACHED;

  if (right_x > n_old)
    right_x = UNREACHED;
  if (down_x != UNREACHED && down_x - k > n_new)
    down_x = UNREACHED;
  *down = down_x >= right_x;
  return MAX (down_x, right_x);
}

static void
walk_back (Comparison *self, GPtrArray *reached, int n_old, int n_new)
{
  int x = n_old;
  int y = n_new;

  for (int d = (int) reached->len - 1; d > 0; d--)
    {
      const int *before = (const int *) reached->pdata[d - 1] + d;
      int k = x - y;
      gboolean down;

      take_step (before, d, k, n_old, n_new, &down);
      x = down ? before[k + 1] : before[k - 1];
      y = x - (down ? k + 1 : k - 1);
      if (down)
        self->added[(int) self->head + y] = TRUE;
      else
        self->removed[(int) self->head + x] = TRUE;
    }
}

/* Returns: whether the ends were reached in @d steps */
static gboolean
walk_on (Comparison *self, GPtrArray *reached, int d, int n_old, int n_new)
{
  /* One cell more at each end, so that the neighbours of the outermost can be asked for. */
  int *row = g_new0 (int, 2 * d + 3);
  int *now = row + d + 1;
  const int *before = d > 0 ? (const int *) reached->pdata[d - 1] + d : NULL;

  now[-d - 1] = now[d + 1] = UNREACHED;
  g_ptr_array_add (reached, row);
  for (int k = -d; k <= d; k++)
    {
      gboolean down;
      int x = 0;

      now[k] = UNREACHED;
      if ((k + d) % 2 != 0)
        continue;
      if (d > 0)
        x = take_step (before, d, k, n_old, n_new, &down);
      if (x == UNREACHED)
        continue;
      while (x < n_old && x - k < n_new &&
             is_same (self, self->head + (guint) x, self->head + (guint) (x - k)))
        x++;
      now[k] = x;
      if (x == n_old && x - k == n_new)
        return TRUE;
    }
  return FALSE;
}

static void
compare (Comparison *self)
{
  int n_old = (int) (self->old_lines->len - self->head - self->tail);
  int n_new = (int) (self->new_lines->len - self->head - self->tail);
  g_autoptr (GPtrArray) reached = g_ptr_array_new_with_free_func (g_free);

  for (int d = 0; d <= MIN (n_old + n_new, STEPS_MAX); d++)
    if (walk_on (self, reached, d, n_old, n_new))
      {
        walk_back (self, reached, n_old, n_new);
        return;
      }
  mark_all (self);
}

static void
comparison_run (Comparison *self)
{
  guint n_old = self->old_lines->len;
  guint n_new = self->new_lines->len;

  self->removed = g_new0 (gboolean, n_old + 1);
  self->added = g_new0 (gboolean, n_new + 1);
  while (self->head < MIN (n_old, n_new) && is_same (self, self->head, self->head))
    self->head++;
  while (self->tail < MIN (n_old, n_new) - self->head &&
         is_same (self, n_old - self->tail - 1, n_new - self->tail - 1))
    self->tail++;
  compare (self);
}

/* ---- the lines shown ---- */

static void
add_shown (GPtrArray *shown, KvmmXmlDiffKind kind, const char *text)
{
  KvmmXmlDiffLine *line = g_new0 (KvmmXmlDiffLine, 1);

  line->kind = kind;
  line->text = g_strdup (text);
  g_ptr_array_add (shown, line);
}

/* All lines of both, in order, without gaps. */
static GPtrArray *
merge (const Comparison *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_diff_line_free);
  guint i = 0;
  guint j = 0;

  while (i < self->old_lines->len || j < self->new_lines->len)
    if (i < self->old_lines->len && self->removed[i])
      add_shown (all, KVMM_XML_DIFF_REMOVED, ((const Line *) self->old_lines->pdata[i++])->text);
    else if (j < self->new_lines->len && self->added[j])
      add_shown (all, KVMM_XML_DIFF_ADDED, ((const Line *) self->new_lines->pdata[j++])->text);
    else if (i < self->old_lines->len && j < self->new_lines->len)
      {
        add_shown (all, KVMM_XML_DIFF_SAME, ((const Line *) self->new_lines->pdata[j])->text);
        i++;
        j++;
      }
    else
      break;
  return all;
}

static gboolean
is_near_change (GPtrArray *all, guint position, guint context)
{
  guint first = position > context ? position - context : 0;
  guint last = MIN (position + context, all->len - 1);

  for (guint i = first; i <= last; i++)
    if (((const KvmmXmlDiffLine *) all->pdata[i])->kind != KVMM_XML_DIFF_SAME)
      return TRUE;
  return FALSE;
}

/* Behind @from: how many lines of each document the hunk has. */
static void
add_gap (
    GPtrArray *shown, GPtrArray *all, guint from, guint context, guint old_line, guint new_line)
{
  guint n_old = 0;
  guint n_new = 0;
  g_autofree char *text = NULL;

  for (guint i = from; i < all->len && is_near_change (all, i, context); i++)
    {
      const KvmmXmlDiffLine *line = all->pdata[i];

      n_old += line->kind != KVMM_XML_DIFF_ADDED;
      n_new += line->kind != KVMM_XML_DIFF_REMOVED;
    }
  text = g_strdup_printf ("@@ -%u,%u +%u,%u @@", old_line, n_old, new_line, n_new);
  add_shown (shown, KVMM_XML_DIFF_GAP, text);
}

static GPtrArray *
select_lines (GPtrArray *all, guint context)
{
  GPtrArray *shown = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_diff_line_free);
  gboolean was_shown = FALSE;
  guint old_line = 1;
  guint new_line = 1;
  guint n_left = 0;

  for (guint i = 0; i < all->len; i++)
    {
      const KvmmXmlDiffLine *line = all->pdata[i];
      gboolean is_shown = is_near_change (all, i, context);

      if (is_shown && shown->len >= KVMM_XML_DIFF_LINES_MAX)
        n_left++;
      else if (is_shown)
        {
          if (!was_shown)
            add_gap (shown, all, i, context, old_line, new_line);
          add_shown (shown, line->kind, line->text);
        }
      was_shown = is_shown;
      old_line += line->kind != KVMM_XML_DIFF_ADDED;
      new_line += line->kind != KVMM_XML_DIFF_REMOVED;
    }
  if (n_left > 0)
    {
      g_autofree char *text =
          g_strdup_printf (ngettext ("… %u more line", "… %u more lines", n_left), n_left);

      add_shown (shown, KVMM_XML_DIFF_GAP, text);
    }
  return shown;
}

GPtrArray *
kvmm_xml_diff (const char *old_xml, const char *new_xml, guint context, GError **error)
{
  g_autoptr (GPtrArray) old_lines = read_lines (old_xml, error);
  g_autoptr (GPtrArray) new_lines = old_lines != NULL ? read_lines (new_xml, error) : NULL;
  g_autoptr (GPtrArray) all = NULL;
  Comparison comparison = { 0 };

  if (new_lines == NULL)
    return NULL;
  comparison.old_lines = old_lines;
  comparison.new_lines = new_lines;
  comparison_run (&comparison);
  all = merge (&comparison);
  g_free (comparison.removed);
  g_free (comparison.added);
  return select_lines (all, MIN (context, 100));
}

void
kvmm_xml_diff_line_free (KvmmXmlDiffLine *self)
{
  g_free (self->text);
  g_free (self);
}

char *
kvmm_xml_diff_to_text (GPtrArray *lines)
{
  static const char *const marks[] = { " ", "-", "+", "" };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    {
      const KvmmXmlDiffLine *line = lines->pdata[i];

      g_string_append_printf (text, "%s%s\n", marks[line->kind], line->text);
    }
  return g_string_free (text, FALSE);
}
