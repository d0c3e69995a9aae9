"""Bounds on what a client may make a local exchange hold: nothing grows without end, whoever connects."""

ACCOUNTS_MAX = 10_000
BODY_BYTES_MAX = 1 << 20
FRAME_BYTES_MAX = 1 << 20
CONNECTIONS_MAX = 1_024
OUTBOX_FRAMES_MAX = 10_000
"""Frames that wait for one slow reader before its connection is cut."""
IDLE_S_MAX = 75
"""A connection that has brought no whole request for this long is closed, whether it is idle or dribbles one in."""
BODY_S_MAX = 20
"""How long a body may take to arrive."""
PING_S = 60
"""Between pings to a WebSocket client (documented)."""
FIRST_PING_S = 30
"""Until the first one (observed 2026-09: after 5 to 38 s)."""
PONG_S_MAX = 120
"""A client that has answered no ping for this long is disconnected (documented)."""
GOODBYE_S = 1
"""How long a client may take to answer the close frame of an exchange that shuts down."""
