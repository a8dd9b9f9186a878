//! Content codings: which one a client takes, and zstd, br and gzip encoders that can be flushed.
