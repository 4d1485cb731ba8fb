/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What can be seen and done inside a guest beyond its facts: processes, services, commands, files.
 *
 * Plain values, built once, then only read. Any thread. Strings are sanitised, except where it says
 * "exact": those are only ever sent back to the guest or used as bytes, never shown. A number that
 * is not known is 0, a string %NULL. */

typedef struct
{
  guint pid;
  guint parent_pid;
  guint uid;
  char *user;
  char *command;   /* comm */
  char *arguments; /* (nullable) */
  char state;      /* 'R', 'S', 'D', 'Z', 'T' … */
  double cpu;      /* of one CPU: 2.5 is two and a half CPUs */
  guint64 resident_bytes;
  gint64 start_time_s; /* Unix time */
} KvmmGuestProcess;

/* What a list of the guest says of itself. */
typedef struct
{
  guint total; /* all there are; the list may have fewer */
  gboolean is_truncated;
} KvmmGuestListInfo;

typedef enum
{
  KVMM_GUEST_SERVICE_UNKNOWN,
  KVMM_GUEST_SERVICE_ACTIVE,
  KVMM_GUEST_SERVICE_INACTIVE,
  KVMM_GUEST_SERVICE_FAILED,
  KVMM_GUEST_SERVICE_CHANGING, /* activating, deactivating */
} KvmmGuestServiceState;

typedef struct
{
  char *name;
  char *description; /* (nullable) */
  KvmmGuestServiceState state;
  char *sub_state; /* (nullable) the manager's word: "running", "exited" */
  char *enabled;   /* (nullable) "enabled", "disabled", "static" … */
} KvmmGuestService;

/* A command that the guest's policy names. */
typedef struct
{
  char *name;         /* exact: letters, digits and _-.$ only, so it can be shown as well */
  char *description;  /* (nullable) */
  char *command_line; /* for a person */
  gboolean takes_arguments;
  char *run_as;
  guint timeout_s;
} KvmmGuestCommand;

/* How a command or a terminal ended. */
typedef struct
{
  int code;     /* 0 to 255; -1 when a signal ended it */
  char *signal; /* (nullable) "KILL" */
  gboolean is_timed_out;
  guint64 cpu_ms;
  guint64 max_resident_bytes;
} KvmmGuestExit;

typedef enum
{
  KVMM_GUEST_FILE_REGULAR,
  KVMM_GUEST_FILE_DIRECTORY,
  KVMM_GUEST_FILE_LINK,
  KVMM_GUEST_FILE_OTHER, /* devices, sockets, FIFOs: neither read nor written */
} KvmmGuestFileType;

typedef struct
{
  char *name;         /* exact: one component, valid UTF-8, never a host path */
  char *display_name; /* sanitised */
  char *user;         /* (nullable) */
  char *target;       /* (nullable) of a link, sanitised */
  KvmmGuestFileType type;
  guint64 size_bytes;
  gint64 modified_ms;   /* Unix time */
  guint mode;           /* 07777 */
  gboolean is_unusable; /* its name is not UTF-8: it can be seen, not touched */
  gboolean is_writable; /* of file.stat only */
} KvmmGuestFile;

typedef struct
{
  char **read_paths;  /* exact */
  char **write_paths; /* exact */
  char *inbox;        /* (nullable) exact */
  guint64 max_file_bytes;
} KvmmGuestFileRoots;

typedef struct
{
  char *name;
  char *serial; /* (nullable) */
  guint64 size_bytes;
  guint64 read_bytes;
  guint64 written_bytes;
  guint64 reads;
  guint64 writes;
  guint64 busy_ms;
} KvmmGuestDisk;

/* One file system that fs.trim looked at. */
typedef struct
{
  char *mount;
  guint64 trimmed_bytes;
  char *error; /* (nullable) */
} KvmmGuestTrim;

void kvmm_guest_process_free (KvmmGuestProcess *self);
void kvmm_guest_service_free (KvmmGuestService *self);
void kvmm_guest_command_free (KvmmGuestCommand *self);
void kvmm_guest_exit_free (KvmmGuestExit *self);
KvmmGuestExit *kvmm_guest_exit_copy (const KvmmGuestExit *self);
void kvmm_guest_file_free (KvmmGuestFile *self);
KvmmGuestFile *kvmm_guest_file_copy (const KvmmGuestFile *self);
void kvmm_guest_file_roots_free (KvmmGuestFileRoots *self);
void kvmm_guest_disk_free (KvmmGuestDisk *self);
void kvmm_guest_trim_free (KvmmGuestTrim *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestProcess, kvmm_guest_process_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestService, kvmm_guest_service_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestCommand, kvmm_guest_command_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestExit, kvmm_guest_exit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestFile, kvmm_guest_file_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestFileRoots, kvmm_guest_file_roots_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestDisk, kvmm_guest_disk_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestTrim, kvmm_guest_trim_free)

G_END_DECLS
