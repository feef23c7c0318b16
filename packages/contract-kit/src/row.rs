//! Fixed-size rows: what contracts store.
//!
//! A slot's value has the same length whatever it says, so that its length says nothing. Rows are
//! big-endian fields, one after the other; addresses are their 45 bytes of text.

use cosmwasm_std::{Addr, StdError, StdResult, Storage, Uint128};
use secret_ai_interface::{Hex, ADDRESS_LENGTH};

/// A value of fixed encoded size.
pub trait Row: Sized {
    /// Encoded size in bytes.
    const SIZE: usize;

    /// Appends exactly [`Self::SIZE`] bytes.
    fn write(&self, out: &mut Writer);

    /// Reads back what [`Self::write`] wrote.
    fn read(from: &mut Reader) -> StdResult<Self>;
}

/// Collects the fields of a row.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn bool(&mut self, value: bool) {
        self.u8(value.into());
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn u128(&mut self, value: u128) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn amount(&mut self, value: Uint128) {
        self.u128(value.u128());
    }

    pub fn hex<const N: usize>(&mut self, value: &Hex<N>) {
        self.bytes(&value.0);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Text in a field of `size` bytes after a length byte. The caller has checked that it fits;
    /// longer text is cut, never spilled into the next field.
    pub fn text(&mut self, text: &str, size: u8) {
        let kept = text
            .as_bytes()
            .get(..text.len().min(size.into()))
            .unwrap_or_default();
        self.u8(u8::try_from(kept.len()).unwrap_or(size));
        self.bytes(kept);
        self.zeros(usize::from(size).saturating_sub(kept.len()));
    }

    /// An address, checked by [`crate::checked_address`].
    pub fn address(&mut self, address: &Addr) {
        let text = address.as_bytes();
        let kept = text
            .get(..text.len().min(ADDRESS_LENGTH))
            .unwrap_or_default();
        self.bytes(kept);
        self.zeros(ADDRESS_LENGTH.saturating_sub(kept.len()));
    }

    pub fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len().saturating_add(count), 0);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Takes the fields of a row apart.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub fn take(&mut self, count: usize) -> StdResult<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).ok_or_else(corrupt)?;
        self.0 = tail;
        Ok(head)
    }

    pub fn array<const N: usize>(&mut self) -> StdResult<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| corrupt())
    }

    pub fn u8(&mut self) -> StdResult<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub fn bool(&mut self) -> StdResult<bool> {
        Ok(self.u8()? != 0)
    }

    pub fn u32(&mut self) -> StdResult<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> StdResult<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub fn u128(&mut self) -> StdResult<u128> {
        Ok(u128::from_be_bytes(self.array()?))
    }

    pub fn amount(&mut self) -> StdResult<Uint128> {
        self.u128().map(Uint128::new)
    }

    pub fn hex<const N: usize>(&mut self) -> StdResult<Hex<N>> {
        self.array().map(Hex)
    }

    pub fn text(&mut self, size: u8) -> StdResult<String> {
        let length = self.u8()?;
        let field = self.take(size.into())?;
        let kept = field.get(..length.into()).ok_or_else(corrupt)?;
        String::from_utf8(kept.to_vec()).map_err(|_| corrupt())
    }

    pub fn address(&mut self) -> StdResult<Addr> {
        let field = self.take(ADDRESS_LENGTH)?;
        let length = field.iter().position(|b| *b == 0).unwrap_or(ADDRESS_LENGTH);
        let text = core::str::from_utf8(field.get(..length).ok_or_else(corrupt)?);
        text.map(Addr::unchecked).map_err(|_| corrupt())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn corrupt() -> StdError {
    StdError::generic_err("stored row: corrupt")
}

/// Encodes one row.
pub fn encode<R: Row>(row: &R) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(R::SIZE));
    row.write(&mut writer);
    debug_assert_eq!(writer.0.len(), R::SIZE, "row size");
    writer.into_bytes()
}

/// Decodes exactly one row.
pub fn decode<R: Row>(bytes: &[u8]) -> StdResult<R> {
    let mut reader = Reader::new(bytes);
    let row = R::read(&mut reader)?;
    if reader.is_empty() {
        Ok(row)
    } else {
        Err(corrupt())
    }
}

/// The row at a key, if it was ever saved.
pub fn may_load<R: Row>(storage: &dyn Storage, key: &[u8]) -> StdResult<Option<R>> {
    storage.get(key).map(|bytes| decode(&bytes)).transpose()
}

/// The row at a key that must exist.
pub fn load<R: Row>(storage: &dyn Storage, key: &[u8]) -> StdResult<R> {
    may_load(storage, key)?.ok_or_else(|| StdError::generic_err("stored row: missing"))
}

/// Stores a row.
pub fn save<R: Row>(storage: &mut dyn Storage, key: &[u8], row: &R) {
    storage.set(key, &encode(row));
}

/// A key made of a slot's name and what identifies the row in it.
pub fn key(slot: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = slot.as_bytes().to_vec();
    for part in parts {
        key.push(b'/');
        key.extend_from_slice(part);
    }
    key
}
