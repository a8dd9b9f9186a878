//! Files over HTTP: names, types, validators, conditions and ranges, without sockets.
