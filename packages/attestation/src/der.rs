//! A small strict reader of DER (ITU-T X.690): definite, minimal lengths below 64 KiB, single-byte
//! tags, nothing after the last element.

use crate::error::{Error, Item};
use crate::time::{generalized_time, utc_time};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const CONTEXT_0: u8 = 0xa0;
pub(crate) const CONTEXT_3: u8 = 0xa3;

/// One element: its tag, its whole encoding, its content.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub tag: u8,
    pub whole: &'a [u8],
    pub body: &'a [u8],
}

/// Reads elements from the front of `rest`; `item` is named in errors.
#[derive(Clone, Copy)]
pub(crate) struct Der<'a> {
    rest: &'a [u8],
    item: Item,
}

impl<'a> Der<'a> {
    pub fn new(bytes: &'a [u8], item: Item) -> Self {
        Der { rest: bytes, item }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn error(&self, why: &'static str) -> Error {
        Error::Der(self.item, why)
    }

    /// The next element, whatever its tag.
    pub fn element(&mut self) -> Result<Element<'a>, Error> {
        let (header, length) = self.header().ok_or(self.error("length"))?;
        let whole_length = header.saturating_add(length);
        let (whole, rest) = self
            .rest
            .split_at_checked(whole_length)
            .ok_or(self.error("element is cut"))?;
        let tag = *whole.first().ok_or(self.error("element is cut"))?;
        if tag & 0x1f == 0x1f {
            return Err(self.error("tag has several bytes"));
        }
        self.rest = rest;
        Ok(Element {
            tag,
            whole,
            body: whole.get(header..).unwrap_or_default(),
        })
    }

    /// Lengths of the next element's header and content.
    fn header(&self) -> Option<(usize, usize)> {
        match *self.rest {
            [_, short, ..] if short < 0x80 => Some((2, usize::from(short))),
            [_, 0x81, length, ..] if length >= 0x80 => Some((3, usize::from(length))),
            [_, 0x82, high, low, ..] if high > 0 => {
                Some((4, usize::from(u16::from_be_bytes([high, low]))))
            }
            _ => None,
        }
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, Error> {
        let element = self.element()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(self.error("unexpected tag"))
        }
    }

    /// A reader of the content of the next element, which must have this tag.
    pub fn nested(&mut self, tag: u8) -> Result<Der<'a>, Error> {
        Ok(Der::new(self.expect(tag)?.body, self.item))
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Error> {
        if self.rest.first() == Some(&tag) {
            self.element().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Fails if anything is left.
    pub fn finish(&self) -> Result<(), Error> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error("trailing bytes"))
        }
    }

    /// A non-negative INTEGER of at most `N` bytes, big-endian, filled up with zeros in front.
    pub fn unsigned<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let body = self.expect(INTEGER)?.body;
        let digits = match *body {
            [] => return Err(self.error("integer is empty")),
            [high, ..] if high >= 0x80 => return Err(self.error("integer is negative")),
            [0, next, ..] if next < 0x80 => return Err(self.error("integer is not minimal")),
            [0, ref digits @ ..] => digits,
            _ => body,
        };
        let start = N
            .checked_sub(digits.len())
            .ok_or(self.error("integer is too long"))?;
        let mut out = [0u8; N];
        if let Some(slot) = out.get_mut(start..) {
            slot.copy_from_slice(digits);
        }
        Ok(out)
    }

    /// A time in either of the forms of X.509, as Unix seconds.
    pub fn time(&mut self) -> Result<u64, Error> {
        let element = self.element()?;
        match element.tag {
            UTC_TIME => utc_time(element.body),
            GENERALIZED_TIME => generalized_time(element.body),
            _ => None,
        }
        .ok_or(self.error("time"))
    }

    /// The content of a BIT STRING of whole bytes.
    pub fn whole_bits(&mut self) -> Result<&'a [u8], Error> {
        match *self.expect(BIT_STRING)?.body {
            [0, ref bytes @ ..] => Ok(bytes),
            _ => Err(self.error("bit string is not of whole bytes")),
        }
    }

    /// A BOOLEAN that DEFAULTs to false: absent, or present and true.
    pub fn default_false(&mut self) -> Result<bool, Error> {
        match self.optional(BOOLEAN)? {
            None => Ok(false),
            Some(Element { body: [0xff], .. }) => Ok(true),
            Some(_) => Err(self.error("boolean")),
        }
    }
}
