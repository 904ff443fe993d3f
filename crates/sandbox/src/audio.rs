//! Real, playable recordings: PCM, 8 kHz, 16 bit, in a WAV container.
//!
//! Nobody speaks in them. Each side of a call is a run of soft tones, as if two people took turns,
//! so that a player shows a moving level meter and a stereo file has two different channels.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::random::Random;

const SAMPLE_RATE: u32 = 8_000;
const TURN_SAMPLES: u32 = SAMPLE_RATE / 2;

/// The recording of this key: so many channels (1 or 2), so many seconds.
pub(crate) fn wav(key: u64, channels: u16, seconds: u32) -> Bytes {
    let frames = SAMPLE_RATE.saturating_mul(seconds);
    let data_length = frames.saturating_mul(u32::from(channels)).saturating_mul(2);
    let mut buffer = BytesMut::with_capacity(data_length as usize + 44);
    header(&mut buffer, channels, data_length);
    let mut random = Random::new(&[key, 0x000a_0d10]);
    let mut frame = 0;
    while frame < frames {
        let turn = TURN_SAMPLES.min(frames - frame);
        let speaker = random.below(u64::from(channels.max(1)));
        let frequency = 140.0 + 260.0 * random.fraction();
        for offset in 0..turn {
            let sample = tone(frequency, offset, turn);
            for channel in 0..u64::from(channels) {
                buffer.put_i16_le(if channel == speaker { sample } else { 0 });
            }
        }
        frame += turn;
    }
    buffer.freeze()
}

fn header(buffer: &mut BytesMut, channels: u16, data_length: u32) {
    let frame_size = channels * 2;
    buffer.put_slice(b"RIFF");
    buffer.put_u32_le(data_length + 36);
    buffer.put_slice(b"WAVEfmt ");
    buffer.put_u32_le(16);
    buffer.put_u16_le(1);
    buffer.put_u16_le(channels);
    buffer.put_u32_le(SAMPLE_RATE);
    buffer.put_u32_le(SAMPLE_RATE * u32::from(frame_size));
    buffer.put_u16_le(frame_size);
    buffer.put_u16_le(16);
    buffer.put_slice(b"data");
    buffer.put_u32_le(data_length);
}

/// One sample of a tone that swells and fades over its turn, so that turns do not click.
fn tone(frequency: f64, offset: u32, turn: u32) -> i16 {
    let time = f64::from(offset) / f64::from(SAMPLE_RATE);
    let envelope = (std::f64::consts::PI * f64::from(offset) / f64::from(turn.max(1))).sin();
    let angle = std::f64::consts::TAU * frequency * time;
    let value = (angle.sin() * 0.7 + (angle * 2.0).sin() * 0.3) * envelope * 9_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the amplitude is far below i16::MAX"
    )]
    let sample = value as i16;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_as_long_as_its_header_says() {
        let recording = wav(5, 2, 3);
        assert_eq!(recording.len(), 44 + 8_000 * 3 * 2 * 2);
        assert_eq!(&recording[..4], b"RIFF");
        assert_eq!(
            u32::from_le_bytes(recording[40..44].try_into().unwrap()),
            96_000
        );
        assert_eq!(recording, wav(5, 2, 3));
        assert_ne!(recording, wav(6, 2, 3));
    }
}
