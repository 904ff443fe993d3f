//! What the tests of single vendors share.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::time::Duration;

use callweave_sandbox::{Sandbox, SandboxConfig};
use jiff::Timestamp;

/// A sandbox of so many calls per vendor, all of them well before the present day, with this long a
/// way from a new call to its analysis.
pub(crate) async fn start_past(calls_per_vendor: u32, analysis_delay: Duration) -> Sandbox {
    let epoch = Some(Timestamp::from_second(1_750_000_000).unwrap());
    let config = SandboxConfig {
        calls_per_vendor,
        analysis_delay,
        epoch,
        ..SandboxConfig::default()
    };
    Sandbox::start(config).await.unwrap()
}

/// Fails unless the bytes are a WAV file as long as its header says.
pub(crate) fn assert_wav(bytes: &[u8]) {
    assert_eq!(&bytes[..4], b"RIFF");
    assert_eq!(&bytes[8..16], b"WAVEfmt ");
    let riff = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    assert_eq!(riff as usize + 8, bytes.len());
    assert_eq!(&bytes[36..40], b"data");
    let data = u32::from_le_bytes(bytes[40..44].try_into().unwrap());
    assert_eq!(data as usize + 44, bytes.len());
    assert!(data > 0);
}

/// A silent WAV file: one channel, 8 kHz, 16 bit.
pub(crate) fn wav(seconds: u32) -> Vec<u8> {
    let length = seconds * 16_000;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((length + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    for word in [16_u32, 0x0001_0001, 8_000, 16_000, 0x0010_0002] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.resize(bytes.len() + length as usize, 0);
    bytes
}
