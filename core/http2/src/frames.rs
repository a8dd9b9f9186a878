//! The headers of the peer's frames (RFC 9113 section 4.1), read as the octets pass by. h2 parses them again; this is to count them.

const PREFACE: usize = 24;
const HEADER: usize = 9;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const CONTINUATION: u8 = 0x9;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// What a frame costs its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HEADERS, and DATA that carries something: paid by the limits on requests and content.
    Work,
    /// RST_STREAM.
    Reset,
    /// All else.
    Control,
    /// Anything but SETTINGS as the first frame (RFC 9113 section 3.4), which h2 lets pass.
    Misplaced,
}

/// Where in the sequence of frames the input is.
#[derive(Debug)]
pub(crate) struct Frames {
    preface_left: usize,
    header: [u8; HEADER],
    header_read: usize,
    payload_left: usize,
    kind: u8,
    block_open: bool,
    begun: bool,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self {
            preface_left: PREFACE,
            header: [0; HEADER],
            header_read: 0,
            payload_left: 0,
            kind: DATA,
            block_open: false,
            begun: false,
        }
    }

    /// Pass octets by, calling `note` at the end of each frame header.
    pub(crate) fn pass(&mut self, mut octets: &[u8], mut note: impl FnMut(Kind)) {
        skip(&mut octets, &mut self.preface_left);
        loop {
            skip(&mut octets, &mut self.payload_left);
            if octets.is_empty() {
                return;
            }
            let (wanted, rest) = octets.split_at(octets.len().min(HEADER - self.header_read));
            for (slot, octet) in self.header.iter_mut().skip(self.header_read).zip(wanted) {
                *slot = *octet;
            }
            self.header_read += wanted.len();
            octets = rest;
            if self.header_read == HEADER {
                self.header_read = 0;
                note(self.begin());
            }
        }
    }

    fn begin(&mut self) -> Kind {
        let [high, middle, low, kind, flags, ..] = self.header;
        self.payload_left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.kind = kind;
        if !std::mem::replace(&mut self.begun, true) && (kind != SETTINGS || flags & ACK != 0) {
            return Kind::Misplaced;
        }
        match kind {
            HEADERS | CONTINUATION => {
                self.block_open = flags & END_HEADERS == 0;
                if kind == HEADERS {
                    Kind::Work
                } else {
                    Kind::Control
                }
            }
            DATA if self.payload_left > 0 || flags & END_STREAM != 0 => Kind::Work,
            RST_STREAM => Kind::Reset,
            _ => Kind::Control,
        }
    }

    /// Whether the peer owes octets that should take it no time: the preface, a frame header, a field block, a control frame.
    pub(crate) fn is_owed(&self) -> bool {
        self.preface_left > 0 || self.header_read > 0 || self.block_open || (self.payload_left > 0 && self.kind != DATA)
    }
}

fn skip(octets: &mut &[u8], left: &mut usize) {
    let count = octets.len().min(*left);
    *left -= count;
    *octets = octets.get(count..).unwrap_or_default();
}
