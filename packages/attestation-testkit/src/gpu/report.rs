//! SPDM measurement reports, in parts that can be changed before they are signed.

use p384::ecdsa::SigningKey;

use super::pki;

/// Bytes of a measurement block.
pub const BLOCK: usize = 55;

/// A request and its response before the signature.
#[derive(Clone)]
pub struct Report {
    /// SPDM version, request code, two parameters.
    pub request: [u8; 4],
    pub nonce: [u8; 32],
    pub slot: u8,
    /// SPDM version, response code, two parameters.
    pub response: [u8; 4],
    /// What the response says is the number of blocks.
    pub count: u8,
    /// What the response says is the length of all blocks; 24 bits.
    pub record_length: u32,
    /// The blocks, 55 bytes each.
    pub record: Vec<u8>,
    pub responder_nonce: [u8; 32],
    /// What is added to the length of the opaque data that the response says.
    pub opaque_excess: u16,
    /// Fields of the opaque data by type.
    pub opaque: Vec<(u16, Vec<u8>)>,
    /// What stands after the last field of the opaque data.
    pub opaque_tail: Vec<u8>,
}

impl Report {
    /// A report in the right form over these measurements and fields.
    pub fn new(nonce: [u8; 32], measurements: &[[u8; 48]], opaque: Vec<(u16, Vec<u8>)>) -> Self {
        let record: Vec<u8> = (1u8..)
            .zip(measurements)
            .flat_map(|(index, value)| [&[index, 1, 51, 0, 1, 48, 0][..], value].concat())
            .collect();
        Report {
            request: [0x11, 0xe0, 1, 0xff],
            nonce,
            slot: 0,
            response: [0x11, 0x60, 0, 0],
            count: u8::try_from(measurements.len()).expect("at most 255 measurements"),
            record_length: u32::try_from(record.len()).expect("records are short"),
            record,
            responder_nonce: [0x9d; 32],
            opaque_excess: 0,
            opaque,
            opaque_tail: Vec::new(),
        }
    }

    /// Value of the first opaque field of this type.
    pub fn field(&mut self, kind: u16) -> &mut Vec<u8> {
        let field = self.opaque.iter_mut().find(|(have, _)| *have == kind);
        &mut field.expect("the report has the field").1
    }

    /// Drops every opaque field of this type.
    pub fn drop_field(&mut self, kind: u16) {
        self.opaque.retain(|(have, _)| *have != kind);
    }

    /// Drops a block, counted from 0, and says so.
    pub fn drop_block(&mut self, place: usize) {
        self.record.drain(place * BLOCK..(place + 1) * BLOCK);
        self.count -= 1;
        self.record_length -= 55;
    }

    /// The evidence: everything with its signature.
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let mut opaque: Vec<u8> = self
            .opaque
            .iter()
            .flat_map(|(kind, value)| {
                let length = u16::try_from(value.len()).expect("fields are short");
                [&kind.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
            })
            .collect();
        opaque.extend(&self.opaque_tail);
        let length = u16::try_from(opaque.len()).expect("opaque data are short");
        let mut evidence = [
            &self.request[..],
            &self.nonce,
            &[self.slot],
            &self.response,
            &[self.count],
            &self.record_length.to_le_bytes()[..3],
            &self.record,
            &self.responder_nonce,
            &length.saturating_add(self.opaque_excess).to_le_bytes(),
            &opaque,
        ]
        .concat();
        let signature = pki::sign(key, &evidence);
        evidence.extend(signature);
        evidence
    }
}
