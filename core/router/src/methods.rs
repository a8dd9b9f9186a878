//! Methods as bits, so that the methods of a path are one number.

/// How many different methods the routes of one router may have.
pub(crate) const MAX_METHODS: usize = 62;

const GET: u64 = 1;
const HEAD: u64 = 2;
const OPTIONS: u64 = 4;

/// The methods some route answers. GET, HEAD and OPTIONS are always the first three.
#[derive(Debug)]
pub(crate) struct Methods {
    names: Vec<Box<str>>,
}

/// A method as the request has it.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Its bit, 0 when no route has it.
    pub bit: u64,
    /// The bit to fall back to, 0 when there is none: GET for HEAD.
    pub fallback: u64,
}

impl Asked {
    pub(crate) fn is_options(self) -> bool {
        self.bit == OPTIONS
    }
}

impl Default for Methods {
    fn default() -> Self {
        Self::new()
    }
}

impl Methods {
    pub(crate) fn new() -> Self {
        Self { names: ["GET", "HEAD", "OPTIONS"].map(Into::into).to_vec() }
    }

    /// The bit of `name`, which is new or known; `None` when there are too many.
    pub(crate) fn intern(&mut self, name: &str) -> Option<u64> {
        let index = self.names.iter().position(|known| &**known == name).unwrap_or(self.names.len());
        if index == MAX_METHODS {
            return None;
        }
        if index == self.names.len() {
            self.names.push(name.into());
        }
        Some(1 << index)
    }

    #[inline]
    pub(crate) fn ask(&self, method: &[u8]) -> Asked {
        match method {
            b"GET" => Asked { bit: GET, fallback: 0 },
            b"HEAD" => Asked { bit: HEAD, fallback: GET },
            b"OPTIONS" => Asked { bit: OPTIONS, fallback: 0 },
            _ => {
                let index = self.names.iter().position(|name| name.as_bytes() == method);
                Asked { bit: index.map_or(0, |index| 1 << index), fallback: 0 }
            }
        }
    }

    /// The methods of `mask` as the value of Allow, with those that are answered by themselves.
    pub(crate) fn allow(&self, mask: u64) -> String {
        let implied = if mask & GET == 0 { OPTIONS } else { HEAD | OPTIONS };
        let mut names: Vec<&str> = (0..self.names.len())
            .filter(|index| (mask | implied) >> index & 1 == 1)
            .map(|index| &*self.names[index])
            .collect();
        names.sort_unstable();
        names.join(", ")
    }
}
