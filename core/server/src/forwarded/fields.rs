//! Which fields the proxy sets, as the operator says.

/// The fields that may be read. The default is `x-forwarded-for` and `x-forwarded-proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub(super) forwarded: bool,
    pub(super) x_for: bool,
    pub(super) x_proto: bool,
    pub(super) x_host: bool,
    pub(super) x_port: bool,
}

const NONE: Fields = Fields { forwarded: false, x_for: false, x_proto: false, x_host: false, x_port: false };

impl Default for Fields {
    fn default() -> Self {
        Fields { x_for: true, x_proto: true, ..NONE }
    }
}

impl Fields {
    /// Reads field names: `forwarded`, or any of `x-forwarded-for`, `-proto`, `-host` and `-port`.
    ///
    /// # Errors
    /// A sentence for the operator: an unknown name, or both families, of which a proxy sets one and passes the other on.
    pub fn parse(names: &[String]) -> Result<Self, String> {
        let mut fields = NONE;
        for name in names {
            let known = match name.to_ascii_lowercase().as_str() {
                "forwarded" => &mut fields.forwarded,
                "x-forwarded-for" => &mut fields.x_for,
                "x-forwarded-proto" => &mut fields.x_proto,
                "x-forwarded-host" => &mut fields.x_host,
                "x-forwarded-port" => &mut fields.x_port,
                _ => {
                    return Err(format!(
                        "{name:?} is no field that is read: name \"forwarded\", or any of \"x-forwarded-for\", \
                         \"x-forwarded-proto\", \"x-forwarded-host\" and \"x-forwarded-port\""
                    ))
                }
            };
            *known = true;
        }
        if fields.forwarded && fields != (Fields { forwarded: true, ..NONE }) {
            return Err(
                "\"forwarded\" and \"x-forwarded-…\" can't both be read: a proxy that sets one passes the other \
                        on as the client wrote it, so name the one that the proxy sets"
                    .into(),
            );
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(names: &[&str]) -> Result<Fields, String> {
        Fields::parse(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn the_default_is_what_nearly_every_proxy_sets() {
        assert_eq!(parse(&["X-Forwarded-For", "x-forwarded-proto"]), Ok(Fields::default()));
        assert_eq!(parse(&["x-forwarded-host", "x-forwarded-port"]), Ok(Fields { x_host: true, x_port: true, ..NONE }));
        assert_eq!(parse(&["forwarded"]), Ok(Fields { forwarded: true, ..NONE }));
        assert_eq!(parse(&[]), Ok(NONE));
    }

    #[test]
    fn a_family_must_be_chosen() {
        for names in [&["forwarded", "x-forwarded-for"], &["x-forwarded-port", "forwarded"]] {
            assert!(parse(names).is_err_and(|why| why.contains("name the one that the proxy sets")), "{names:?}");
        }
        for name in ["x_forwarded_for", "x-real-ip", ""] {
            assert!(parse(&[name]).is_err_and(|why| why.starts_with(&format!("{name:?} is no field"))), "{name:?}");
        }
    }
}
