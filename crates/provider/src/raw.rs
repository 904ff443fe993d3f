//! The vendor's own documents behind a record.

use bytes::Bytes;

/// One answer of the vendor, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument {
    /// The operation id that gave it, e.g. `CG-18`.
    pub operation: String,
    /// What tells two documents of one operation and record apart (an attempt's id); often empty.
    pub part: String,
    /// The MIME type.
    pub content_type: String,
    /// The bytes.
    pub body: Bytes,
}

impl RawDocument {
    /// A JSON document of an operation.
    pub fn json(operation: &str, body: impl Into<Bytes>) -> Self {
        Self {
            operation: operation.to_owned(),
            part: String::new(),
            content_type: "application/json".to_owned(),
            body: body.into(),
        }
    }

    /// The same document, told apart by `part`.
    #[must_use]
    pub fn with_part(mut self, part: &str) -> Self {
        part.clone_into(&mut self.part);
        self
    }
}

/// A 64-bit FNV-1a hash over the listed form of a record; equal input gives an equal fingerprint,
/// on every machine and in every version.
pub fn fingerprint(listed: &[u8]) -> Vec<u8> {
    let hash = listed.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.to_be_bytes().to_vec()
}
