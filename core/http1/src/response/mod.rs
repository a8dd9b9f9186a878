//! The head of a response. Nothing leaves this module that a client could read as two responses.
//!
//! ```
//! use spica_http1::response::{push_decimal, push_field, push_status_line};
//!
//! let mut out = Vec::new();
//! push_status_line(&mut out, 200);
//! push_field(&mut out, b"content-type", b"text/plain")?;
//! out.extend_from_slice(b"content-length: ");
//! push_decimal(&mut out, 5);
//! out.extend_from_slice(b"\r\n\r\nhello");
//! assert!(push_field(&mut out, b"x", b"a\r\nset-cookie: b").is_err());
//! # Ok::<(), spica_http1::response::FieldError>(())
//! ```

mod field;
mod number;
mod status;

pub use field::{check_field, push_field, FieldError};
pub use number::push_decimal;
pub use status::{body_allowed, length_allowed, push_status_line, reason};
