/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

/* Every bound of the protocol kvma/1, in one place. PROTOCOL.md explains each of them; both sides
 * use these names and never a number of their own. Sizes are bytes, times are milliseconds. Any
 * thread. */

#define KVMA_PROTOCOL_VERSION 1
#define KVMA_CHANNEL_NAME "org.kvmmanager.agent.1"

/* Frames. */
#define KVMA_FRAME_MAX 32768      /* the whole encoded frame, both delimiters included */
#define KVMA_FRAME_COBS_MAX 32766 /* what may stand between two delimiters */
#define KVMA_HEADER_SIZE 32
#define KVMA_CRC_SIZE 4
#define KVMA_PAYLOAD_MAX 31744   /* any payload; also one DATA payload */
#define KVMA_RECEIVER_SIZE 33792 /* the fixed buffer of a receiver */
#define KVMA_FRAME_OVERHEAD_MAX                                                                    \
  256 /* header, CRC, COBS codes and delimiters of the largest frame */
#define KVMA_PRE_SESSION_MAX 8388608 /* stale bytes and garbage tolerated before a WELCOME */
#define KVMA_PRE_SESSION_RETRY_MS 60000
#define KVMA_PARTIAL_FRAME_MS 10000 /* a frame begun but not ended for so long is dropped */

/* JSON bodies. */
#define KVMA_JSON_MAX 31744
#define KVMA_JSON_DEPTH_MAX 16
#define KVMA_JSON_TOKENS_MAX 4096 /* a token is a value (of any type) or a member name */
#define KVMA_JSON_STRING_MAX 8192
#define KVMA_JSON_ARRAY_MAX 1024
#define KVMA_JSON_INTEGER_MAX 9007199254740992LL /* 2^53: what a double still counts exactly */

/* Sessions and the handshake. */
#define KVMA_SEQ_MAX 4026531840u     /* a session ends before its sequence numbers do */
#define KVMA_NONCE_SIZE 16           /* random bytes; 32 hexadecimal digits on the wire */
#define KVMA_SESSION_TEXT_SIZE 16    /* hexadecimal digits of a session id */
#define KVMA_HELLO_PER_STREAM_MAX 32 /* HELLO frames per opened stream */
#define KVMA_HELLO_BYTES_MAX 16384   /* and their bytes */
#define KVMA_HELLO_RETRY_MS                                                                        \
  {                                                                                                \
    250, 500, 1000, 2000, 4000, 8000, 15000, 30000                                                 \
  }
#define KVMA_HELLO_TIMEOUT_MS 5000 /* after an ANNOUNCE without a WELCOME: unresponsive */
#define KVMA_ANNOUNCE_INTERVAL_MS 2000
#define KVMA_STALE_BYE_INTERVAL_MS 1000
#define KVMA_HEARTBEAT_MS 10000
#define KVMA_HEARTBEAT_HIDDEN_MS 60000
#define KVMA_HEARTBEAT_MISSES_MAX 3
#define KVMA_HUP_GRACE_MS 10000
#define KVMA_AGENT_HEARTBEAT_MS 60000
#define KVMA_HOST_SILENCE_MS 90000

/* Flow control. */
#define KVMA_UNACKED_MAX 98304       /* host to guest, frame overhead included, hard */
#define KVMA_UNACKED_FRAMES_MAX 1024 /* and as many frames */
#define KVMA_ACK_BYTES 32768         /* the receiver acknowledges after so many bytes ... */
#define KVMA_ACK_MS 50               /* ... or so much time */
#define KVMA_STREAM_WINDOW_TO_GUEST 65536
#define KVMA_STREAM_WINDOW_TO_HOST 131072
#define KVMA_STREAM_WINDOW_TO_HOST_MAX 524288
#define KVMA_STREAMS_TO_HOST_MAX 1048576
#define KVMA_CREDIT_SUM_MAX 2147483648u /* of one stream and direction, not yet used */
#define KVMA_STRAY_DATA_MAX 131072      /* DATA on streams that never were: more is abuse */
#define KVMA_FRAMES_BEYOND_POLLOUT 4

/* Requests and what they make. */
#define KVMA_REQUESTS_MAX 16
#define KVMA_REPLY_CACHE 32
#define KVMA_REPLY_CACHE_BYTES                                                                     \
  512 /* a larger reply is not kept: it changed nothing, and is made anew */
#define KVMA_REQUEST_ID_MAX 2147483647
#define KVMA_STREAMS_MAX 16
#define KVMA_EXEC_JOBS_MAX 8
#define KVMA_PTYS_MAX 4
#define KVMA_LIST_ROWS_MAX 256
#define KVMA_TEXT_MAX 256  /* a string in a fact */
#define KVMA_PATH_MAX 1024 /* a path in a fact */
#define KVMA_LABEL_MAX 64
#define KVMA_ADDRESSES_MAX 32 /* per network interface */
#define KVMA_TOPICS_MAX 16
#define KVMA_ARGV_MAX 64
#define KVMA_ENV_MAX 64
#define KVMA_ARGUMENT_MAX 4096
#define KVMA_ARGUMENTS_MAX 16384
#define KVMA_EXEC_TIMEOUT_MS 60000
#define KVMA_EXEC_TIMEOUT_LIMIT_MS 86400000
#define KVMA_POWER_DELAY_MAX_MS 600000
#define KVMA_POWER_FLUSH_MS 200 /* between the flushed reply and the action */
#define KVMA_POWER_MESSAGE_MAX 512
#define KVMA_LOG_LINES 200
#define KVMA_LOG_LINES_MAX 1000
#define KVMA_FILE_PATH_MAX 4096
#define KVMA_FILE_NAME_MAX 255
#define KVMA_FILE_RESUME_MS 600000 /* an interrupted write is kept so long */
#define KVMA_TRIM_MOUNTS_MAX 64
#define KVMA_PTY_SIZE_MAX 1000 /* columns, rows */
#define KVMA_TERM_MAX 32
#define KVMA_SSH_KEYS_MAX 16
#define KVMA_FREEZE_MIN_MS 1000
#define KVMA_FREEZE_MS 10000
#define KVMA_FREEZE_MAX_MS 60000

/* Rates. */
#define KVMA_REQUESTS_PER_SECOND 1000
#define KVMA_REQUESTS_BURST 2000
#define KVMA_HELLO_PER_SECOND 10
#define KVMA_HELLO_BURST 32
#define KVMA_EVENTS_PER_SECOND 20
#define KVMA_EVENTS_BURST 50
#define KVMA_TOPIC_INTERVAL_MIN_MS 1000
#define KVMA_TOPIC_INTERVAL_MAX_MS 3600000
#define KVMA_TOPIC_INTERVAL_MS 2000
#define KVMA_FS_INTERVAL_MIN_MS 5000
#define KVMA_FS_INTERVAL_MS 10000
#define KVMA_EVENTS_MUTE_PER_SECOND 50   /* the host drops and mutes above it */
#define KVMA_EVENTS_CLOSE_PER_SECOND 200 /* the host ends the session above it ... */
#define KVMA_EVENTS_CLOSE_MS 5000        /* ... for so long */
#define KVMA_CONTROL_BYTES_PER_SECOND 262144
#define KVMA_CONTROL_BYTES_BURST 1048576
#define KVMA_ABUSE_BACKOFF_MS 60000
#define KVMA_ABUSE_BACKOFF_MAX_MS 3600000
#define KVMA_HOST_TURN_MAX 262144 /* read by the host per main loop turn and machine */
#define KVMA_HOST_MEMORY_MAX 131072
#define KVMA_AGENT_MEMORY_MAX 4194304
