//! The codings there are, and sets of them.

/// A content coding (RFC 9110 section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Zstandard, RFC 8878.
    Zstd,
    /// Brotli, RFC 7932.
    Brotli,
    /// gzip, RFC 1952.
    Gzip,
}

impl Coding {
    /// Every coding, in the order that decides when a client likes several equally.
    pub const ALL: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

    /// The value of Content-Encoding.
    pub const fn token(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }

    /// The suffix of a precompressed file, without its dot.
    pub const fn suffix(self) -> &'static str {
        match self {
            Coding::Zstd => "zst",
            Coding::Brotli => "br",
            Coding::Gzip => "gz",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of codings: those a server has enabled, or those a file exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offered(u8);

impl Offered {
    /// No coding.
    pub const NONE: Offered = Offered(0);
    /// Every coding.
    pub const ALL: Offered = Offered::NONE.with(Coding::Zstd).with(Coding::Brotli).with(Coding::Gzip);

    /// The set with `coding` in it.
    #[must_use]
    pub const fn with(self, coding: Coding) -> Self {
        Offered(self.0 | coding.bit())
    }

    /// The set without `coding`.
    #[must_use]
    pub const fn without(self, coding: Coding) -> Self {
        Offered(self.0 & !coding.bit())
    }

    /// Whether `coding` is in the set.
    pub const fn contains(self, coding: Coding) -> bool {
        self.0 & coding.bit() != 0
    }
}
