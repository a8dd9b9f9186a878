//! `spica._core`: the one crate that knows Python. What Python sees is this screen; its types are in `_core.pyi`.

mod application;
mod base64url;
mod calls;
mod coding;
mod content;
mod context;
mod cookies;
mod crypto;
mod dispatch;
mod envelope;
mod escape;
mod files;
mod handler;
mod homed;
mod masking;
mod memory;
mod memory_trim;
mod names;
mod number_path;
mod options;
mod request;
mod response;
mod route;
mod server;
mod tasks;
mod tls;
mod websocket;

/// The compiled heart of Spica: sockets, HTTP, routing, escaping and sealing.
#[pyo3::pymodule(gil_used = true)]
mod _core {
    /// What the reactor asks for readiness on this system: "epoll" or "kqueue".
    #[pymodule_export]
    const POLLER: &str = spica_server::POLLER;
    #[pymodule_export]
    use crate::application::Application;
    #[pymodule_export]
    use crate::application::RouteConflict;
    #[pymodule_export]
    use crate::application::RoutePatternError;
    #[pymodule_export]
    use crate::base64url::{base64url_decode, base64url_encode};
    #[pymodule_export]
    use crate::coding::encode_smallest;
    #[pymodule_export]
    use crate::content::{IncomingContent, OutgoingContent};
    #[pymodule_export]
    use crate::crypto::{aead_open, aead_seal, hkdf_sha256, random_text};
    #[pymodule_export]
    use crate::envelope::EnvelopeSealer;
    #[pymodule_export]
    use crate::escape::escape;
    #[pymodule_export]
    use crate::files::{FileContent, PublicFile};
    #[pymodule_export]
    use crate::masking::{mask_secret, unmask_secret};
    #[pymodule_export]
    use crate::memory::MemoryConnection;
    #[pymodule_export]
    use crate::memory_trim::trim_memory;
    #[pymodule_export]
    use crate::number_path::NumberPath;
    #[pymodule_export]
    use crate::request::Request;
    #[pymodule_export]
    use crate::server::Server;
    #[pymodule_export]
    use crate::tls::{self_signed_certificate, TlsAcceptor, TlsConfigurationError};
    #[pymodule_export]
    use crate::websocket::{origin_allowed, WebSocket};
}
