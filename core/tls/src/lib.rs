//! TLS as bytes: rustls without sockets, certificates that can be reloaded, tickets shared by workers.
