//! What an encoder wrote is what a decoder reads, however it was cut, and at every flush.

use std::error::Error;
use std::io::Read;

use flate2::{Decompress, FlushDecompress};
use proptest::prelude::*;
use spica_coding::{encode_smallest, Coding, EncodeError, Encoder, Encoders};

type Outcome = Result<(), Box<dyn Error>>;

/// Decode what has come so far, complete or not.
fn decode(coding: Coding, encoded: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    match coding {
        Coding::Zstd => read_available(zstd::Decoder::new(encoded)?, &mut out),
        Coding::Brotli => read_available(brotli::Decompressor::new(encoded, 4096), &mut out),
        Coding::Gzip => {
            let mut state = Decompress::new_gzip(15);
            loop {
                out.reserve(8192);
                let (taken, len) = (state.total_in() as usize, out.len());
                state.decompress_vec(&encoded[taken..], &mut out, FlushDecompress::Sync)?;
                if out.len() == len {
                    break;
                }
            }
        }
    }
    Ok(out)
}

/// An unfinished stream ends with an error; what came before it is in `out`.
fn read_available(mut reader: impl Read, out: &mut Vec<u8>) {
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        out.extend_from_slice(&chunk[..count]);
    }
}

/// Decode a complete stream strictly.
fn decode_whole(coding: Coding, mut encoded: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match coding {
        Coding::Zstd => zstd::stream::copy_decode(encoded, &mut out)?,
        Coding::Brotli => brotli::BrotliDecompress(&mut encoded, &mut out)?,
        Coding::Gzip => {
            flate2::read::GzDecoder::new(encoded).read_to_end(&mut out)?;
        }
    }
    Ok(out)
}

fn text(len: usize) -> Vec<u8> {
    (0..)
        .flat_map(|n: u64| format!("<li id={n}>{}</li>\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .take(len)
        .collect()
}

/// Octets that no encoder makes shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn whole_contents_of_any_size() -> Outcome {
    let mut encoders = Encoders::new();
    for len in [0, 1, 100, 1023, 1024, 1025, 65_535, 65_536, 65_537, 300_000, 3_000_000, 50] {
        for coding in Coding::ALL {
            let (data, mut out) = (text(len), b"before".to_vec());
            encoders.encode(coding, &data, &mut out)?;
            let encoded = out.strip_prefix(b"before").ok_or("not appended")?;
            assert_eq!(decode_whole(coding, encoded).ok(), Some(data), "{coding:?} {len} {}", encoded.len());
            assert!(len < 1000 || encoded.len() < len / 2, "{coding:?} {len} became {}", encoded.len());
        }
    }
    Ok(())
}

#[test]
fn the_smallest_form_is_smaller_than_the_quick_one() -> Outcome {
    let mut encoders = Encoders::new();
    for len in [0, 1, 1000, 70_000, 300_000] {
        for coding in Coding::ALL {
            let (data, mut quick) = (text(len), Vec::new());
            let smallest = encode_smallest(coding, &data)?;
            encoders.encode(coding, &data, &mut quick)?;
            assert_eq!(decode_whole(coding, &smallest)?, data, "{coding:?} {len}");
            assert!(smallest.len() <= quick.len(), "{coding:?} {len}: {} {}", smallest.len(), quick.len());
            // gzip has little more to give: on this text its usual level is its best.
            let is_smaller = smallest.len() < quick.len() || coding == Coding::Gzip;
            assert!(len < 70_000 || is_smaller, "{coding:?} {len}: {} {}", smallest.len(), quick.len());
        }
    }
    assert_eq!(decode_whole(Coding::Gzip, &encode_smallest(Coding::Gzip, &noise(100_000))?)?, noise(100_000));
    Ok(())
}

#[test]
fn incompressible_content_grows_little() -> Outcome {
    let noise = noise(200_000);
    for coding in Coding::ALL {
        let mut out = Vec::new();
        Encoders::new().encode(coding, &noise, &mut out)?;
        assert!(out.len() < noise.len() + 256, "{coding:?} {}", out.len());
        assert_eq!(decode_whole(coding, &out)?, noise, "{coding:?}");
    }
    Ok(())
}

#[test]
fn a_server_sent_event_arrives_with_its_flush() -> Outcome {
    for coding in Coding::ALL {
        let (mut encoder, mut sent, mut out) = (Encoder::new(coding)?, Vec::new(), Vec::new());
        for number in 0..500 {
            let event = format!("id: {number}\ndata: {{\"score\": {}}}\n\n", number * 31);
            sent.extend_from_slice(event.as_bytes());
            encoder.write(event.as_bytes(), &mut out)?;
            encoder.flush(&mut out)?;
            if number % 50 == 0 {
                assert_eq!(decode(coding, &out)?, sent, "{coding:?} event {number}");
            }
        }
        encoder.finish(&mut out)?;
        assert_eq!(decode_whole(coding, &out)?, sent, "{coding:?}");
        assert!(out.len() < sent.len(), "{coding:?} {} of {}", out.len(), sent.len());
    }
    Ok(())
}

#[test]
fn a_flush_brings_everything_however_much_was_kept_back() -> Outcome {
    let data = noise(50_000);
    for coding in Coding::ALL {
        let (mut encoder, mut received) = (Encoder::new(coding)?, Vec::new());
        for round in 1..=3 {
            // New memory each time: what is left of an old one's room would hide a step too few.
            let mut out = Vec::new();
            encoder.write(&data, &mut out)?;
            received.append(&mut out);
            encoder.flush(&mut out)?;
            received.append(&mut out);
            assert!(decode(coding, &received)? == data.repeat(round), "{coding:?} round {round}");
        }
        let mut out = Vec::new();
        encoder.write(&data, &mut received)?;
        encoder.finish(&mut out)?;
        received.append(&mut out);
        assert!(decode_whole(coding, &received)? == data.repeat(4), "{coding:?}");
    }
    Ok(())
}

#[test]
fn a_flush_of_nothing_sends_nothing() -> Outcome {
    for coding in Coding::ALL {
        let (mut encoder, mut out) = (Encoder::new(coding)?, Vec::new());
        encoder.flush(&mut out)?;
        assert_eq!(out, b"", "{coding:?}");
        encoder.write(b"data", &mut out)?;
        encoder.write(b"", &mut out)?;
        encoder.flush(&mut out)?;
        let len = out.len();
        encoder.flush(&mut out)?;
        assert_eq!(out.len(), len, "{coding:?}");
    }
    Ok(())
}

#[test]
fn an_empty_stream_is_valid() -> Outcome {
    for coding in Coding::ALL {
        let mut out = Vec::new();
        Encoder::new(coding)?.finish(&mut out)?;
        assert_eq!(decode_whole(coding, &out)?, b"", "{coding:?}");
    }
    Ok(())
}

#[test]
fn nothing_follows_the_end() -> Outcome {
    for coding in Coding::ALL {
        let (mut encoder, mut out) = (Encoder::new(coding)?, Vec::new());
        encoder.finish(&mut out)?;
        let len = out.len();
        assert_eq!(encoder.write(b"more", &mut out), Err(EncodeError(coding)));
        assert_eq!(encoder.write(b"", &mut out), Err(EncodeError(coding)));
        assert_eq!(encoder.flush(&mut out), Err(EncodeError(coding)));
        assert_eq!(encoder.finish(&mut out), Err(EncodeError(coding)));
        assert_eq!(out.len(), len, "{coding:?}");
    }
    Ok(())
}

/// RFC 9659 section 3: a client need not decode a window above 8 MiB.
#[test]
fn rfc9659_3_zstd_windows_are_small() -> Outcome {
    let data = text(9_000_000);
    let (mut whole, mut streamed, mut encoder) = (Vec::new(), Vec::new(), Encoder::new(Coding::Zstd)?);
    Encoders::new().encode(Coding::Zstd, &data, &mut whole)?;
    encoder.write(&data, &mut streamed)?;
    encoder.finish(&mut streamed)?;
    for (encoded, window_log) in [(whole, 23), (streamed, 16)] {
        let mut reader = zstd::Decoder::new(&encoded[..])?;
        reader.window_log_max(window_log)?;
        let mut out = Vec::new();
        reader.read_to_end(&mut out)?;
        assert!(out == data);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn round_trip_with_flushes_anywhere(
        parts in prop::collection::vec((prop::collection::vec(0_u8..8, 0..3000), any::<bool>(), 1_usize..40), 0..12),
    ) {
        for coding in Coding::ALL {
            let (mut encoder, mut sent, mut out) = (Encoder::new(coding)?, Vec::new(), Vec::new());
            for (seed, is_flushed, times) in &parts {
                let data = seed.repeat(*times);
                sent.extend_from_slice(&data);
                encoder.write(&data, &mut out)?;
                if *is_flushed {
                    encoder.flush(&mut out)?;
                    prop_assert!(decode(coding, &out).is_ok_and(|decoded| decoded == sent), "{:?} after a flush", coding);
                }
            }
            encoder.finish(&mut out)?;
            prop_assert!(decode_whole(coding, &out)? == sent, "{:?} at the end", coding);
        }
    }
}
