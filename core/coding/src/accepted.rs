//! Accept-Encoding: what a client takes (RFC 9110 section 12.5.3).

use crate::coding::{Coding, Offered};

/// A weight in thousandths, 0 to 1000.
type Weight = u16;

const FULL: Weight = 1000;

/// What a client takes: eight octets, copied freely.
///
/// The default is a client that sent no Accept-Encoding. The RFC lets it be sent anything; it gets no coding, because such clients are
/// mostly those that can't decode one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    weights: [Weight; Coding::ALL.len()],
    identity: Identity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identity {
    /// Not named: taken, but no reason to prefer it.
    Fallback,
    Weighted(Weight),
}

impl Default for Accepted {
    fn default() -> Self {
        Accepted { weights: [0; Coding::ALL.len()], identity: Identity::Fallback }
    }
}

impl Accepted {
    /// Read the values of all Accept-Encoding fields, in order.
    ///
    /// A member that does not follow the grammar, or names a coding that is not known here, says nothing. The first of two members for
    /// the same coding counts. One pass, without memory of its own.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut named: [Option<Weight>; Coding::ALL.len()] = [None; Coding::ALL.len()];
        let (mut identity, mut rest) = (None, None);
        for member in values.into_iter().flat_map(|value| value.split(|&octet| octet == b',')) {
            let Some((name, weight)) = parse_member(member) else { continue };
            let slot = if name == b"*" {
                &mut rest
            } else if name.eq_ignore_ascii_case(b"identity") {
                &mut identity
            } else if let Some(slot) = named.iter_mut().zip(Coding::ALL).find(|(_, coding)| is_named(*coding, name)) {
                slot.0
            } else {
                continue;
            };
            slot.get_or_insert(weight);
        }
        Accepted {
            weights: named.map(|weight| weight.or(rest).unwrap_or(0)),
            identity: match (identity, rest) {
                (Some(weight), _) => Identity::Weighted(weight),
                (None, Some(0)) => Identity::Weighted(0),
                (None, _) => Identity::Fallback,
            },
        }
    }

    /// The coding to use among those offered: the heaviest; zstd before br before gzip at equal weight.
    ///
    /// Returns: None for identity, either because nothing offered is taken or because the client named identity with a greater weight.
    pub fn choose(self, offered: Offered) -> Option<Coding> {
        let mut best = None;
        let mut least = match self.identity {
            Identity::Weighted(weight) => weight.max(1),
            Identity::Fallback => 1,
        };
        for (coding, weight) in Coding::ALL.into_iter().zip(self.weights) {
            if weight >= least && offered.contains(coding) {
                best = Some(coding);
                least = weight + 1;
            }
        }
        best
    }

    /// Whether the client refuses a response without coding: `identity;q=0`, or `*;q=0` and identity not named.
    ///
    /// RFC 9110 section 12.5.3 then allows 406 or sending it anyway; the latter helps more.
    pub fn refuses_identity(self) -> bool {
        self.identity == Identity::Weighted(0)
    }
}

/// `x-gzip` is the old name of gzip (RFC 9110 section 8.4.1.3).
fn is_named(coding: Coding, name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(coding.token().as_bytes())
        || (coding == Coding::Gzip && name.eq_ignore_ascii_case(b"x-gzip"))
}

/// `codings [ OWS ";" OWS "q=" qvalue ]`, nothing else after it.
fn parse_member(member: &[u8]) -> Option<(&[u8], Weight)> {
    let mut parts = member.splitn(2, |&octet| octet == b';');
    let name = parts.next()?.trim_ascii();
    let weight = match parts.next().map(<[u8]>::trim_ascii) {
        None => FULL,
        Some([b'q' | b'Q', b'=', value @ ..]) => parse_weight(value)?,
        Some(_) => return None,
    };
    (!name.is_empty()).then_some((name, weight))
}

/// RFC 9110 section 12.4.2: `"0" [ "." 0*3DIGIT ]` or `"1" [ "." 0*3"0" ]`.
fn parse_weight(value: &[u8]) -> Option<Weight> {
    let (whole, digits) = match value {
        [whole] => (whole, &[][..]),
        [whole, b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    let mut weight = match whole {
        b'0' => 0,
        b'1' => FULL,
        _ => return None,
    };
    for (digit, unit) in digits.iter().zip([100, 10, 1]) {
        weight += Weight::from(char::from(*digit).to_digit(10)? as u8) * unit;
    }
    (weight <= FULL).then_some(weight)
}
