/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-environment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What makes a program run, load or read something else than it was written to. A name that ends
 * with "*" stands for all that begin so. */
static const char *const refused[] = {
  "LD_*",
  "GLIBC_TUNABLES",
  "GCONV_PATH",
  "GETCONF_DIR",
  "HOSTALIASES",
  "LOCALDOMAIN",
  "LOCPATH",
  "MALLOC_*",
  "NIS_PATH",
  "NLSPATH",
  "RES_OPTIONS",
  "RESOLV_HOST_CONF",
  "TZDIR",
  "BASH_ENV",
  "BASH_FUNC_*",
  "BASHOPTS",
  "SHELLOPTS",
  "ENV",
  "IFS",
  "CDPATH",
  "FPATH",
  "GLOBIGNORE",
  "PROMPT_COMMAND",
  "PS4",
  "ZDOTDIR",
  "PERL5*",
  "PERLLIB",
  "PERLIO*",
  "PYTHON*",
  "RUBYLIB",
  "RUBYOPT",
  "NODE_OPTIONS",
  "NODE_PATH",
  "JAVA_TOOL_OPTIONS",
  "JDK_JAVA_OPTIONS",
  "_JAVA_OPTIONS",
  "CLASSPATH",
  "LUA_*",
  "AWKPATH",
  "AWKLIBPATH",
  "OPENSSL_CONF",
  "OPENSSL_ENGINES",
  "OPENSSL_MODULES",
  "TERMINFO",
  "TERMINFO_DIRS",
  "TERMCAP",
  "TERMPATH",
};

bool
agent_environment_is_name (const char *name)
{
  if (!isalpha ((unsigned char) name[0]) && name[0] != '_')
    return false;
  for (const char *p = name; *p != '\0'; p++)
    if (!isalnum ((unsigned char) *p) && *p != '_')
      return false;
  return true;
}

bool
agent_environment_is_refused (const char *name)
{
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    {
      size_t n = strcspn (refused[i], "*");

      if (refused[i][n] == '*' ? strncmp (name, refused[i], n) == 0
                               : strcmp (name, refused[i]) == 0)
        return true;
    }
  return false;
}

bool
agent_strings_add (char ***list, const char *text)
{
  size_t n = 0;
  char **grown;

  while (*list != NULL && (*list)[n] != NULL)
    n++;
  grown = realloc (*list, (n + 2) * sizeof **list);
  if (grown == NULL)
    return false;
  *list = grown;
  grown[n] = strdup (text);
  grown[n + 1] = NULL;
  return grown[n] != NULL;
}

void
agent_strings_free (char **list)
{
  for (size_t i = 0; list != NULL && list[i] != NULL; i++)
    free (list[i]);
  free (list);
}

/* What is set again replaces what was there. */
static bool
set (char ***list, const char *name, const char *value)
{
  size_t n = strlen (name);
  char *text = NULL;
  bool done = false;

  if (asprintf (&text, "%s=%s", name, value) < 0)
    return false;
  for (char **entry = *list; entry != NULL && *entry != NULL && !done; entry++)
    if (strncmp (*entry, text, n + 1) == 0)
      {
        free (*entry);
        *entry = text;
        text = NULL;
        done = true;
      }
  if (!done)
    done = agent_strings_add (list, text);
  free (text);
  return done;
}

char **
agent_environment_new (const AgentUser *user,
                       char *const *keep,
                       const json_t *extra,
                       const char *term)
{
  char **list = NULL;
  bool good = set (&list, "PATH", AGENT_STANDARD_PATH) && set (&list, "HOME", user->home) &&
              set (&list, "USER", user->name) && set (&list, "LOGNAME", user->name) &&
              set (&list, "SHELL", user->shell);
  const char *name;
  json_t *value;

  for (; good && keep != NULL && *keep != NULL; keep++)
    if (agent_environment_is_name (*keep) && !agent_environment_is_refused (*keep) &&
        getenv (*keep) != NULL)
      good = set (&list, *keep, getenv (*keep));
  json_object_foreach ((json_t *) extra, name, value)
  {
    if (good && !agent_environment_is_refused (name))
      good = set (&list, name, json_string_value (value));
  }
  if (good && term != NULL)
    good = set (&list, "TERM", term);
  if (good)
    return list;
  agent_strings_free (list);
  return NULL;
}
