/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* The whole receiving side of the daemon. Input is a list of bodies, each with one byte of kind and
 * two of length; they are framed with the right session and sequence, so that the fuzzer need not
 * guess a CRC. An upper bit in the kind sends the body raw instead. Frames of streams take their
 * header from the first bytes of the body: stream, flags, and four of credit. Stream 2 sends back
 * what comes, 4 takes nothing and 6 closes itself at the first byte. The guest is an empty
 * directory, and power is denied. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/agent.h"
#include "fuzz.h"

static Agent agent;
static int host_fd;

static void
echo (AgentStream *stream)
{
  size_t length;
  bool ended;
  const uint8_t *bytes = agent_stream_peek (stream, &length, &ended);
  size_t room = length > 0 ? agent_stream_room (stream) : 0;

  if (length > room)
    length = room;
  if (length > 0)
    agent_stream_send (stream, bytes, length, false);
  agent_stream_consume (stream, length);
  agent_stream_peek (stream, &length, &ended);
  if (ended && length == 0)
    agent_stream_send (stream, NULL, 0, true);
}

static void
readable_cb (AgentStream *stream, void *data)
{
  if (data == NULL)
    echo (stream);
  else
    agent_stream_close (stream, KVMA_ERROR_IO, "enough", 0, NULL);
}

static void
writable_cb (AgentStream *stream, void *data)
{
  if (data == NULL)
    echo (stream);
}

static void
aborted_cb (AgentStream *stream, bool lost, void *data)
{
}

static void
open_streams (void)
{
  static const AgentStreamFuncs funcs = { readable_cb, writable_cb, aborted_cb };
  static int closing;

  if (agent_stream_open (&agent, true, &funcs, NULL) == NULL ||
      agent_stream_open (&agent, false, &funcs, NULL) == NULL ||
      agent_stream_open (&agent, true, &funcs, &closing) == NULL)
    abort ();
}

static void
drain (void)
{
  static uint8_t buffer[65536];

  while (recv (host_fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
    ;
  agent_link_writable (&agent);
}

static void
set_up (void)
{
  int ends[2];

  agent_log_set_level (AGENT_LOG_ERROR);
  agent_set_root ("/nonexistent");
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0 ||
      !agent_init (&agent, "/nonexistent/agent.conf") || !agent_port_adopt (&agent, ends[0]))
    abort ();
  host_fd = ends[1];
  agent_loop_step (&agent.loop, 0);
  drain ();
}

static void
send_frame (uint8_t kind, const uint8_t *body, size_t length)
{
  static uint8_t wire[KVMA_FRAME_MAX];
  KvmaHeader header = { .kind = kind };

  if (length >= 6 && (kind == KVMA_KIND_DATA || kind == KVMA_KIND_CLOSE || kind == KVMA_KIND_ACK))
    {
      header.stream = body[0];
      header.flags = body[1] & KVMA_FLAGS_KNOWN;
      memcpy (&header.credit, body + 2, sizeof header.credit);
      body += 6;
      length -= 6;
    }
  if (kind != KVMA_KIND_HELLO && kind != KVMA_KIND_ANNOUNCE)
    {
      header.session = agent.link.session.id;
      header.seq = agent.link.session.rx_seq + 1;
      header.ack = agent.link.session.tx_seq;
    }
  length = kvma_frame_encode (&header, body, length, wire, sizeof wire);
  agent_link_receive (&agent, wire, length);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char hello[] = "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"protos\":[1]}";
  static bool ready;

  if (!ready)
    set_up ();
  ready = true;
  kvma_receiver_reset (&agent.link.receiver);
  agent_bucket_init (&agent.link.hellos, KVMA_HELLO_PER_SECOND, KVMA_HELLO_BURST);
  agent_bucket_init (&agent.rpc.rate, KVMA_REQUESTS_PER_SECOND, KVMA_REQUESTS_BURST);
  agent_bucket_init (&agent.link.control, KVMA_CONTROL_BYTES_PER_SECOND, KVMA_CONTROL_BYTES_BURST);
  send_frame (KVMA_KIND_HELLO, (const uint8_t *) hello, sizeof hello - 1);
  drain ();
  open_streams ();
  while (size >= 3)
    {
      uint8_t kind = data[0];
      size_t length = (size_t) data[1] << 8 | data[2];

      data += 3;
      size -= 3;
      if (length > size)
        length = size;
      if (length > KVMA_PAYLOAD_MAX)
        length = KVMA_PAYLOAD_MAX;
      if ((kind & 0x80) != 0)
        agent_link_receive (&agent, data, length);
      else
        send_frame (kind == 0 ? KVMA_KIND_REQUEST : kind, data, length);
      data += length;
      size -= length;
      drain ();
      agent_loop_step (&agent.loop, 0);
    }
  agent_link_end_session (&agent, KVMA_BYE_BYE, NULL);
  drain ();
  if (agent.link.session.id != 0 || agent.power.pending || agent.streams.n_open != 0)
    abort ();
  return 0;
}
