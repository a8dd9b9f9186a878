//! HTTP/2 as bytes: a server's side of one connection, without sockets.
