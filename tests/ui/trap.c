/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Preloaded into the program by the ui suite: any libvirt call that waits for the daemon ends the
 * program when it is made on the main thread, so that a call on the wrong thread is a failed test
 * and not a frozen window at a user's.
 *
 * Each wrapper forwards six register-sized arguments, which covers every function named here on the
 * 64-bit ABIs. Calls that only read what the handle holds (virDomainGetName …) or never wait (the
 * non-blocking stream calls, event registration of streams) are not named. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef intptr_t (*AnyFunction) (intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t);

static AnyFunction
find_next (const char *name)
{
  void *symbol = dlsym (RTLD_NEXT, name);
  AnyFunction function;

  if ((pid_t) syscall (SYS_gettid) == getpid ())
    {
      fprintf (stderr, "trap: %s was called on the main thread\n", name);
      abort ();
    }
  if (symbol == NULL)
    {
      fprintf (stderr, "trap: %s is not in libvirt\n", name);
      abort ();
    }
  *(void **) &function = symbol;
  return function;
}

#define TRAP(name)                                                                                 \
  intptr_t name (intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f);          \
  intptr_t name (intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f)           \
  {                                                                                                \
    return find_next (#name) (a, b, c, d, e, f);                                                   \
  }

/* A copy that lasts: waits until somebody opens the FIFO KVMM_UI_COPY_GATE for writing. */
static void
wait_at_gate (void)
{
  const char *gate = getenv ("KVMM_UI_COPY_GATE");
  int fd = gate != NULL ? open (gate, O_RDONLY | O_CLOEXEC) : -1;

  if (fd >= 0)
    close (fd);
}

intptr_t
virStorageVolCreateXMLFrom (intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f);
intptr_t
virStorageVolCreateXMLFrom (intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f)
{
  AnyFunction function = find_next ("virStorageVolCreateXMLFrom");

  wait_at_gate ();
  return function (a, b, c, d, e, f);
}

TRAP (virConnectOpen)
TRAP (virConnectOpenAuth)
TRAP (virConnectClose)
TRAP (virConnectGetCapabilities)
TRAP (virConnectGetHostname)
TRAP (virConnectGetLibVersion)
TRAP (virConnectGetURI)
TRAP (virConnectGetVersion)
TRAP (virConnectListAllDomains)
TRAP (virConnectGetAllDomainStats)
TRAP (virDomainListGetStats)
TRAP (virConnectDomainEventRegisterAny)
TRAP (virConnectDomainEventDeregisterAny)
TRAP (virNodeGetInfo)
TRAP (virNodeGetCPUStats)
TRAP (virNodeGetMemoryStats)
TRAP (virDomainLookupByUUID)
TRAP (virDomainLookupByUUIDString)
TRAP (virDomainLookupByName)
TRAP (virDomainGetInfo)
TRAP (virDomainGetState)
TRAP (virDomainGetXMLDesc)
TRAP (virDomainGetAutostart)
TRAP (virDomainSetAutostart)
TRAP (virDomainHasManagedSaveImage)
TRAP (virDomainIsActive)
TRAP (virDomainIsPersistent)
TRAP (virDomainCreate)
TRAP (virDomainCreateWithFlags)
TRAP (virDomainShutdown)
TRAP (virDomainShutdownFlags)
TRAP (virDomainReboot)
TRAP (virDomainDestroy)
TRAP (virDomainDestroyFlags)
TRAP (virDomainReset)
TRAP (virDomainSuspend)
TRAP (virDomainResume)
TRAP (virDomainManagedSave)
TRAP (virDomainPMWakeup)
TRAP (virDomainAttachDeviceFlags)
TRAP (virDomainUpdateDeviceFlags)
TRAP (virDomainDetachDeviceFlags)
TRAP (virDomainGetGuestInfo)
TRAP (virDomainGetHostname)
TRAP (virDomainGetFSInfo)
TRAP (virDomainInterfaceAddresses)
TRAP (virDomainOpenChannel)
TRAP (virDomainOpenConsole)
TRAP (virDomainScreenshot)
TRAP (virStreamAbort)
TRAP (virStreamFinish)
