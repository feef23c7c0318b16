//! Opus in Ogg (RFC 3533, RFC 7845): the sum of all packets' lengths, each told by its first two bytes
//! (RFC 6716, section 3.1). Granule positions are not looked at.

use super::time_of;

/// Bytes of a page's header before its table of segments.
const PAGE_HEADER: usize = 27;
/// Opus counts time in samples at this rate, whatever is decoded.
const RATE: u64 = 48_000;
/// Longest packet, samples (120 ms).
const MAX_PACKET: u64 = 5_760;
/// Packets at the beginning of a stream that hold no sound: `OpusHead` and `OpusTags`.
const HEADERS: u64 = 2;
/// Most streams of one file; chained files have one after the other.
const MAX_STREAMS: usize = 64;

/// One logical stream.
struct Stream {
    serial: u64,
    packets: u64,
    /// The last packet goes on in the stream's next page.
    is_open: bool,
}

/// Length of all packets in microseconds; `None` if a stream is not Opus or a page is damaged.
pub(super) fn microseconds(file: &[u8]) -> Option<u64> {
    let (mut at, mut streams, mut samples) = (0usize, Vec::new(), 0u64);
    while at < file.len() {
        let header = file.get(at..at.checked_add(PAGE_HEADER)?)?;
        if !header.starts_with(b"OggS") {
            return None;
        }
        let serial = super::little_endian(header, 14, 4)?;
        let first_segment = at.checked_add(PAGE_HEADER)?;
        let body = first_segment.checked_add(usize::from(*header.get(26)?))?;
        let table = file.get(first_segment..body)?;
        let length = table.iter().map(|segment| usize::from(*segment)).sum();
        // A last page that is cut off counts as far as it goes.
        let end = body.checked_add(length)?.min(file.len());
        let stream = find(&mut streams, serial)?;
        samples = samples.saturating_add(page_samples(stream, table, file.get(body..end)?)?);
        at = end;
    }
    Some(time_of(samples, RATE))
}

fn find(streams: &mut Vec<Stream>, serial: u64) -> Option<&mut Stream> {
    let at = streams.iter().position(|stream| stream.serial == serial);
    let at = at.unwrap_or(streams.len());
    if at == streams.len() {
        if at == MAX_STREAMS {
            return None;
        }
        streams.push(Stream {
            serial,
            packets: 0,
            is_open: false,
        });
    }
    streams.get_mut(at)
}

/// Samples of the packets that begin in this page.
fn page_samples(stream: &mut Stream, table: &[u8], mut body: &[u8]) -> Option<u64> {
    let mut samples = 0u64;
    for segment in table {
        let (data, rest) = body.split_at(usize::from(*segment).min(body.len()));
        body = rest;
        if !stream.is_open {
            if stream.packets == 0 && !data.starts_with(b"OpusHead") {
                return None;
            }
            if stream.packets >= HEADERS {
                samples = samples.saturating_add(packet_samples(data));
            }
            stream.packets = stream.packets.saturating_add(1);
        }
        // A segment of 255 bytes is not its packet's last one.
        stream.is_open = *segment == 255;
    }
    Some(samples)
}

/// Samples of the packet that begins with these bytes.
fn packet_samples(packet: &[u8]) -> u64 {
    let Some(toc) = packet.first() else { return 0 };
    let per_frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1_920, 2_880].get(usize::from(config % 4)),
        config @ 12..=15 => [480, 960].get(usize::from(config % 2)),
        config => [120, 240, 480, 960].get(usize::from(config % 4)),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).copied().unwrap_or(0) & 63),
    };
    per_frame.map_or(0, |samples: &u64| {
        samples.saturating_mul(frames).min(MAX_PACKET)
    })
}

#[cfg(test)]
mod tests {
    use super::super::duration_ms;

    fn page(serial: u8, packets: &[&[u8]]) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        // A granule position that claims nothing.
        page.extend([0; 8]);
        page.extend([serial, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut table = Vec::new();
        for packet in packets {
            table.extend(vec![255; packet.len() / 255]);
            table.push((packet.len() % 255) as u8);
        }
        page.push(table.len() as u8);
        page.extend(table);
        packets.iter().for_each(|packet| page.extend(*packet));
        page
    }

    fn opus(pages: &[Vec<u8>]) -> Vec<u8> {
        let mut file = page(1, &[b"OpusHead\x01\x01"]);
        file.extend(page(1, &[&[b"OpusTags".to_vec(), vec![7; 600]].concat()]));
        pages.iter().for_each(|page| file.extend(page));
        file
    }

    #[test]
    fn packets_are_counted() {
        // CELT of 20 ms: one frame, two frames, 3 frames, and 6 frames in 300 bytes.
        let six = [vec![0xfb, 6], vec![0; 298]].concat();
        let pages = [
            page(1, &[&[0xf8, 1], &[0xf9, 1], &[0xfb, 3, 1]]),
            page(1, &[&six]),
        ];
        assert_eq!(duration_ms(&opus(&pages)), Some(240));
        // SILK of 60 ms, hybrid of 10 ms, CELT of 2.5 ms.
        let pages = [page(1, &[&[0x18], &[0x60], &[0x80]])];
        assert_eq!(duration_ms(&opus(&pages)), Some(73));
    }

    #[test]
    fn a_packet_over_two_pages_counts_once() {
        let mut first = page(1, &[&[vec![0xf8], vec![0; 254]].concat()]);
        // Without the segment of 0 bytes that would end the packet.
        first.pop_if_segment_table_ends();
        let second = page(1, &[&[0xf8; 40], &[0xf8]]);
        assert_eq!(duration_ms(&opus(&[first, second])), Some(40));
    }

    trait Cut {
        fn pop_if_segment_table_ends(&mut self);
    }

    impl Cut for Vec<u8> {
        fn pop_if_segment_table_ends(&mut self) {
            assert_eq!(self[26..29], [2, 255, 0]);
            self[26] = 1;
            self.remove(28);
        }
    }

    #[test]
    fn chained_streams_add_up() {
        let mut file = opus(&[page(1, &[&[0xf8]])]);
        file.extend(page(2, &[b"OpusHead"]));
        file.extend(page(2, &[b"OpusTags", &[0xf8]]));
        assert_eq!(duration_ms(&file), Some(40));
    }

    #[test]
    fn other_streams_and_damaged_pages_are_not_measured() {
        assert_eq!(duration_ms(&page(1, &[b"\x01vorbis"])), None);
        let mut file = opus(&[page(1, &[&[0xf8]])]);
        file.extend(b"junk");
        assert_eq!(duration_ms(&file), None);
    }
}
