//! A cursor over fixed-width fields.

/// The bytes ended before the field: how many were wanted and how many were left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    /// Offset at which the field begins.
    pub at: usize,
    /// Length of the field in bytes.
    pub need: usize,
}

impl Short {
    /// Length that the whole input would need.
    pub fn total(self) -> usize {
        self.at.saturating_add(self.need)
    }
}

/// Reads fields from the front; never past the end.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(all: &'a [u8]) -> Self {
        Reader { all, rest: all }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.all.len().saturating_sub(self.rest.len())
    }

    /// What was read so far.
    pub fn consumed(&self) -> &'a [u8] {
        self.all.get(..self.position()).unwrap_or(self.all)
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `need` bytes.
    pub fn take(&mut self, need: usize) -> Result<&'a [u8], Short> {
        let short = Short {
            at: self.position(),
            need,
        };
        let (field, rest) = self.rest.split_at_checked(need).ok_or(short)?;
        self.rest = rest;
        Ok(field)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let short = Short {
            at: self.position(),
            need: N,
        };
        let (field, rest) = self.rest.split_first_chunk::<N>().ok_or(short)?;
        self.rest = rest;
        Ok(*field)
    }

    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16_le(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32_le(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u16_be(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32_be(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64_be(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_be_bytes)
    }
}
