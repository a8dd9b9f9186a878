//! The smallest form of a content, for files that are compressed once and sent often.

use flate2::{Compress, Compression, FlushCompress, Status};
use zstd::zstd_safe::{compress_bound, CCtx, CParameter};

use super::{brotli, EncodeError};
use crate::coding::Coding;

/// The best of each format. zstd beyond 19 asks clients for windows that RFC 9659 does not let them expect.
const ZSTD_LEVEL: i32 = 19;
const BROTLI_QUALITY: u32 = 11;
/// The levels of which the best is taken: more effort finds longer matches, and on some texts codes them worse.
const GZIP_LEVELS: [u32; 3] = [4, 6, 9];
/// log2 of the windows: 8 MiB, 16 MiB and 32 KiB, the largest that every client has.
const ZSTD_WINDOW: u32 = 23;
const BROTLI_WINDOW: u32 = 24;
const GZIP_WINDOW: u8 = 15;

/// Encode the whole of `data` as small as the coding makes it, in up to a second a megabyte.
pub fn encode_smallest(coding: Coding, data: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    match coding {
        Coding::Zstd => {
            let failed = |_| EncodeError(Coding::Zstd);
            let mut context = CCtx::try_create().ok_or(EncodeError(Coding::Zstd))?;
            context.set_parameter(CParameter::CompressionLevel(ZSTD_LEVEL)).map_err(failed)?;
            context.set_parameter(CParameter::WindowLog(ZSTD_WINDOW)).map_err(failed)?;
            out.reserve(compress_bound(data.len()));
            context.compress2(&mut out, data).map_err(failed)?;
        }
        Coding::Brotli => brotli::encode_with(data, BROTLI_QUALITY, BROTLI_WINDOW, &mut out)?,
        Coding::Gzip => {
            for level in GZIP_LEVELS {
                let encoded = gzip(data, level)?;
                if out.is_empty() || encoded.len() < out.len() {
                    out = encoded;
                }
            }
        }
    }
    Ok(out)
}

fn gzip(data: &[u8], level: u32) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    let mut stream = Compress::new_gzip(Compression::new(level), GZIP_WINDOW);
    loop {
        out.reserve(4096 + data.len() / 4);
        let taken = usize::try_from(stream.total_in()).map_err(|_| EncodeError(Coding::Gzip))?;
        let rest = data.get(taken..).unwrap_or_default();
        let status = stream.compress_vec(rest, &mut out, FlushCompress::Finish);
        if status.map_err(|_| EncodeError(Coding::Gzip))? == Status::StreamEnd {
            return Ok(out);
        }
    }
}
