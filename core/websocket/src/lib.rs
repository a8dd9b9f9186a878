//! WebSocket as bytes: handshake, frames and compressed messages, without sockets.
