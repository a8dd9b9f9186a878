//! The reactor's options as keywords of Python: each by its name and unit, an unknown one refused.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spica_coding::{Coding, Policy};
use spica_server::forwarded::{Fields, TrustedProxies};
use spica_server::Options;

/// Reads keywords over the defaults.
pub fn read_options(keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Options> {
    let mut options = Options::default();
    for (name, value) in keywords.into_iter().flatten() {
        let name: String = name.extract()?;
        if !value.is_none() {
            set(&mut options, &name, &value)?;
        }
    }
    Ok(options)
}

fn set(options: &mut Options, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let limits = &mut options.limits;
    match name {
        "max_content_bytes" => limits.content = value.extract()?,
        "request_line_bytes" => limits.request_line = value.extract()?,
        "field_block_bytes" => limits.field_block = value.extract()?,
        "max_fields" => limits.fields = value.extract()?,
        "chunk_extension_bytes" => limits.chunk_extensions = value.extract()?,
        "max_connections" => options.max_connections = value.extract()?,
        "max_waiting" => options.max_waiting = value.extract()?,
        "http2" => options.http2 = value.extract()?,
        "http2_max_streams" => options.http2_max_streams = value.extract()?,
        "max_queue_s" => options.max_queue = seconds(name, value)?,
        "head_timeout_s" => options.head_timeout = seconds(name, value)?,
        "content_timeout_s" => options.content_timeout = seconds(name, value)?,
        "keep_alive_timeout_s" => options.keep_alive_timeout = seconds(name, value)?,
        "write_timeout_s" => options.write_timeout = seconds(name, value)?,
        "linger_timeout_s" => options.linger_timeout = seconds(name, value)?,
        "max_message_bytes" => options.sockets.max_message = value.extract()?,
        "max_queue_bytes" => options.sockets.max_queue = value.extract()?,
        "ping_interval_s" => options.sockets.ping_interval = seconds(name, value)?,
        "close_timeout_s" => options.sockets.close_timeout = seconds(name, value)?,
        "deflate_messages" => options.sockets.deflate = value.extract()?,
        "spool_folder" => options.spool_folder = value.extract::<PathBuf>()?,
        "compression" => options.compression = read_compression(value)?,
        "trusted_proxies" => {
            let proxies: Vec<String> = value.extract()?;
            options.trusted_proxies = TrustedProxies::parse(&proxies).map_err(PyValueError::new_err)?;
        }
        "forwarded_fields" => {
            let fields: Vec<String> = value.extract()?;
            options.forwarded_fields = Fields::parse(&fields).map_err(PyValueError::new_err)?;
        }
        _ => return Err(PyTypeError::new_err(format!("Server has no option {name:?}"))),
    }
    Ok(())
}

/// Reads `{"enabled": …, "gzip": …, "brotli": …, "zstd": …, "threshold_bytes": …, "types": […]}`; what is left out has its
/// default.
fn read_compression(keywords: &Bound<'_, PyAny>) -> PyResult<Option<Policy>> {
    let (mut policy, mut enabled) = (Policy::default(), true);
    for (name, value) in keywords.cast::<PyDict>()? {
        let name: String = name.extract()?;
        let coding = match name.as_str() {
            _ if value.is_none() => continue,
            "enabled" => {
                enabled = value.extract()?;
                continue;
            }
            "threshold_bytes" => {
                policy.threshold = value.extract()?;
                continue;
            }
            "types" => {
                policy.types = value.extract::<Vec<String>>()?.into_iter().collect();
                continue;
            }
            "gzip" => Coding::Gzip,
            "brotli" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            _ => return Err(PyTypeError::new_err(format!("compression has no option {name:?}"))),
        };
        let offered = policy.offered;
        policy.offered = if value.extract()? { offered.with(coding) } else { offered.without(coding) };
    }
    Ok(enabled.then_some(policy))
}

fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let value: f64 = value.extract()?;
    Duration::try_from_secs_f64(value)
        .map_err(|_| PyValueError::new_err(format!("{name} must be a number of seconds, 0 or more, not {value}")))
}
