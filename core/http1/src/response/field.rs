//! Response fields, checked octet by octet (RFC 9110 section 5).

use std::fmt;

use crate::syntax::{is_field_value, is_token, trim};

/// Why a response field is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// The name is empty.
    EmptyName,
    /// The name contains an octet that is not of a token.
    Name {
        /// The octet.
        octet: u8,
        /// Its offset in the name.
        at: usize,
    },
    /// The value contains a control octet (CR, LF and NUL among them).
    Value {
        /// The octet.
        octet: u8,
        /// Its offset in the value.
        at: usize,
    },
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyName => f.write_str("the field name is empty"),
            Self::Name { octet, at } => write!(f, "octet 0x{octet:02x} at {at} is not allowed in a field name"),
            Self::Value { octet, at } => write!(f, "octet 0x{octet:02x} at {at} is not allowed in a field value"),
        }
    }
}

impl std::error::Error for FieldError {}

/// Check that `name` is a token and `value` has no control octet but HTAB.
pub fn check_field(name: &[u8], value: &[u8]) -> Result<(), FieldError> {
    if name.is_empty() {
        return Err(FieldError::EmptyName);
    }
    if let Some(at) = name.iter().position(|&octet| !is_token(octet)) {
        return Err(FieldError::Name { octet: name[at], at });
    }
    if value.iter().fold(true, |fine, &octet| fine & is_field_value(octet)) {
        return Ok(());
    }
    // Found without a branch per octet above; looked for again only to name it.
    match value.iter().position(|&octet| !is_field_value(octet)) {
        Some(at) => Err(FieldError::Value { octet: value[at], at }),
        None => Ok(()),
    }
}

/// Append `name: value` CRLF after [`check_field`]; white space around the value is left out. On an error nothing is appended.
pub fn push_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<(), FieldError> {
    check_field(name, value)?;
    let value = trim(value);
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
    Ok(())
}
