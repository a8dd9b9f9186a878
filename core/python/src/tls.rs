//! TLS as Python sees it: certificates that were read, checked and can be read again.

use std::path::PathBuf;
use std::time::SystemTime;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use spica_tls::{Acceptor, CertificateFiles, Options, TicketSecret, TlsError, Version};

create_exception!(
    spica._core,
    TlsConfigurationError,
    PyValueError,
    "A certificate, key or TLS setting that can't serve: args are (what, where, why, fix)."
);

/// Certificates and how TLS is spoken with them.
#[pyclass(frozen, module = "spica._core")]
pub struct TlsAcceptor {
    /// Shared by all listeners and sessions.
    pub acceptor: Acceptor,
}

#[pymethods]
impl TlsAcceptor {
    #[new]
    #[pyo3(signature = (certificates, *, minimum="1.2", http2=true, ticket_secret=None))]
    fn new(
        certificates: Vec<(PathBuf, PathBuf)>,
        minimum: &str,
        http2: bool,
        ticket_secret: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        let certificates =
            certificates.into_iter().map(|(chain, key)| CertificateFiles { chain, key }).collect::<Vec<_>>();
        let options = Options { certificates, ..options(minimum, http2, ticket_secret)? };
        Ok(TlsAcceptor { acceptor: Acceptor::new(&options).map_err(explained)? })
    }

    /// Read the files again. Returns whether anything changed; on an error the certificates in use stay.
    fn reload(&self) -> PyResult<bool> {
        self.acceptor.reload().map_err(explained)
    }

    /// (where, names, end of validity in Unix seconds) of each certificate.
    #[getter]
    fn certificates(&self) -> Vec<(String, Vec<String>, u64)> {
        self.acceptor
            .certificates()
            .into_iter()
            .map(|found| {
                let end = found.not_after.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |end| end.as_secs());
                (found.location, found.names, end)
            })
            .collect()
    }
}

/// Make a certificate for development: (chain, key) as PEM text. Without names it is for this machine only.
#[pyfunction]
#[pyo3(signature = (names=Vec::new()))]
pub fn self_signed_certificate(names: Vec<String>) -> PyResult<(String, String)> {
    let made = spica_tls::self_signed(&names, SystemTime::now()).map_err(explained)?;
    Ok((made.chain, made.key))
}

fn options(minimum: &str, http2: bool, ticket_secret: Option<Vec<u8>>) -> PyResult<Options> {
    let minimum = match minimum {
        "1.2" => Version::Tls12,
        "1.3" => Version::Tls13,
        other => return Err(PyValueError::new_err(format!("minimum must be '1.2' or '1.3', not {other:?}"))),
    };
    let ticket_secret = ticket_secret.map(TicketSecret::new).transpose().map_err(explained)?;
    Ok(Options { minimum, http2, ticket_secret, ..Options::default() })
}

fn explained(error: TlsError) -> PyErr {
    TlsConfigurationError::new_err((error.what, error.location, error.why, error.fix))
}
