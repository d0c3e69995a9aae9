"""From an operation to its answer: what to send, when, and what it means. Nothing here touches a socket except the transports."""
