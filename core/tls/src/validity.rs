//! The first and the last moment of a certificate, which webpki keeps to itself.

use time::OffsetDateTime;
use yasna::models::TaggedDerValue;
use yasna::{ASN1Result, BERReader, BERReaderSeq, Tag};

/// From when until when a certificate may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
}

/// Reads `Validity` of a DER certificate (RFC 5280 4.1). `None` when it has none that can be read.
pub(crate) fn parse_validity(der: &[u8]) -> Option<Validity> {
    yasna::parse_der(der, |certificate| {
        certificate.read_sequence(|certificate| {
            let validity = certificate.next().read_sequence(parse_to_be_signed)?;
            skip(certificate, 2)?; // signatureAlgorithm, signatureValue
            Ok(validity)
        })
    })
    .ok()
}

fn parse_to_be_signed(fields: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Validity> {
    fields.read_optional(|version| version.read_tagged(Tag::context(0), |number| number.read_u8()))?;
    skip(fields, 3)?; // serialNumber, signature, issuer
    let validity = fields.next().read_sequence(|dates| {
        Ok(Validity { not_before: parse_time(dates.next())?, not_after: parse_time(dates.next())? })
    })?;
    while fields.read_optional(|field| field.read_tagged_der())?.is_some() {}
    Ok(validity)
}

fn parse_time(time: BERReader<'_, '_>) -> ASN1Result<OffsetDateTime> {
    if time.lookahead_tag()? == yasna::tags::TAG_UTCTIME {
        return Ok(*time.read_utctime()?.datetime());
    }
    Ok(*time.read_generalized_time()?.datetime())
}

fn skip(fields: &mut BERReaderSeq<'_, '_>, count: usize) -> ASN1Result<()> {
    for _ in 0..count {
        let _: TaggedDerValue = fields.next().read_tagged_der()?;
    }
    Ok(())
}
