//! Header extensions of an RTP packet (RFC 8285), one-byte and two-byte form.

use std::ops::Range;

use super::bytes::{put, span, u16_at};
use super::header::{ExtensionBlock, Header};

const ONE_BYTE: u16 = 0xbede;
const TWO_BYTE: u16 = 0x1000;
/// The bit of a header that says that a block follows.
const EXTENSION: u8 = 0x10;

/// Which element becomes which on its way out. What has no row does not cross.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Table {
    /// By incoming id; zero blanks.
    outgoing: [u8; 16],
}

impl Table {
    /// Lets nothing cross.
    pub const fn new() -> Self {
        Self { outgoing: [0; 16] }
    }

    /// Lets elements of `incoming` cross as `outgoing`. Ids that the one-byte form cannot carry (0,
    /// 15 and up) are left out, and `false` says so.
    pub fn insert(&mut self, incoming: u8, outgoing: u8) -> bool {
        let fits = (1..=14).contains(&incoming) && (1..=14).contains(&outgoing);
        match self.outgoing.get_mut(usize::from(incoming)) {
            Some(row) if fits => *row = outgoing,
            _ => return false,
        }
        true
    }

    /// The outgoing id of `incoming`; zero where it does not cross.
    pub fn get(&self, incoming: u8) -> u8 {
        let row = self.outgoing.get(usize::from(incoming));
        row.copied().unwrap_or(0)
    }
}

/// Where in the packet the data of the first element with this id lies.
pub fn find(packet: &[u8], header: &Header, id: u8) -> Option<Range<usize>> {
    let block = header.extension?;
    let mut at = block.start;
    while let Step::Element(element) = step(packet, &block, at) {
        if element.id == id && id != 0 {
            return Some(element.data);
        }
        at = element.data.end;
    }
    None
}

/// Gives each element its outgoing id in place and blanks everything else: elements without a row,
/// a second element with the same id, what follows a reserved id, and the profile's free bits. A
/// malformed block or one of a foreign profile is blanked whole.
pub fn remap(packet: &mut [u8], header: &Header, table: &Table) {
    let Some(block) = header.extension else {
        return;
    };
    let profile = Form::of(&block).map_or(ONE_BYTE, Form::profile);
    put(packet, block.profile_offset(), profile.to_be_bytes());
    let mut seen = 0u32;
    let mut at = block.start;
    loop {
        match step(packet, &block, at) {
            Step::Element(element) => {
                let fresh = seen & bit(element.id) == 0;
                seen |= bit(element.id);
                let id = if fresh { table.get(element.id) } else { 0 };
                rename(packet, at, &element, id);
                at = element.data.end;
            }
            Step::End => return blank(packet, at..block.end),
            Step::Malformed => return blank(packet, block.start..block.end),
        }
    }
}

/// Copies a packet into `longer`, with an element of three bytes behind those it has. Answers its
/// length there; `None` where it does not fit, or the block has a foreign profile.
pub fn append(
    packet: &[u8],
    header: &Header,
    (id, [a, b, c]): (u8, [u8; 3]),
    longer: &mut [u8],
) -> Option<usize> {
    let (profile, begins): (u16, &[u8]) = match header.extension {
        Some(block) => (u16_at(packet, block.profile_offset())?, &[]),
        None => (ONE_BYTE, &[0xbe, 0xde, 0, 0]),
    };
    let (element, words): (&[u8], u16) = match profile {
        ONE_BYTE => (&[(id << 4) | 2, a, b, c], 1),
        TWO_BYTE => (&[id, 3, a, b, c, 0, 0, 0], 2),
        _ => return None,
    };
    let (head, rest) = packet.split_at_checked(header.length)?;
    let mut length = 0;
    for part in [head, begins, element, rest] {
        let place = span(length, part.len());
        length = place.end;
        longer.get_mut(place)?.copy_from_slice(part);
    }
    *longer.first_mut()? |= EXTENSION;
    let at = header
        .extension
        .map_or(header.length, |block| block.profile_offset());
    let at = at.checked_add(2)?;
    let words = u16_at(longer, at)?.checked_add(words)?;
    put(longer, at, words.to_be_bytes());
    Some(length)
}

/// The 16-bit number that an element of two bytes carries, such as the transport-wide number.
pub fn read_u16(packet: &[u8], data: &Range<usize>) -> Option<u16> {
    (data.len() == 2).then(|| u16_at(packet, data.start))?
}

/// Changes the 16-bit number of an element of two bytes; leaves any other alone.
pub fn write_u16(packet: &mut [u8], data: &Range<usize>, value: u16) {
    if data.len() == 2 {
        put(packet, data.start, value.to_be_bytes());
    }
}

/// How the elements of a block are laid out.
#[derive(Clone, Copy)]
enum Form {
    OneByte,
    TwoByte,
}

impl Form {
    const fn of(block: &ExtensionBlock) -> Option<Self> {
        match block.profile {
            ONE_BYTE => Some(Self::OneByte),
            // The low four bits are the application's.
            profile if profile & 0xfff0 == TWO_BYTE => Some(Self::TwoByte),
            _ => None,
        }
    }

    const fn profile(self) -> u16 {
        match self {
            Self::OneByte => ONE_BYTE,
            Self::TwoByte => TWO_BYTE,
        }
    }
}

/// One element, or one byte of padding as an element with id zero and no data.
struct Element {
    id: u8,
    form: Form,
    data: Range<usize>,
}

enum Step {
    Element(Element),
    /// The block ends here, or a reserved id ends its reading (RFC 8285, section 4.2).
    End,
    Malformed,
}

fn step(packet: &[u8], block: &ExtensionBlock, at: usize) -> Step {
    let Some(form) = Form::of(block) else {
        return Step::Malformed;
    };
    if at >= block.end {
        return Step::End;
    }
    let (Some(&first), next) = (packet.get(at), at.saturating_add(1)) else {
        return Step::Malformed;
    };
    let (id, data) = match form {
        _ if first == 0 => (0, next..next),
        Form::OneByte => match first >> 4 {
            0 | 15 => return Step::End,
            id => (id, span(next, usize::from(first & 0x0f).saturating_add(1))),
        },
        Form::TwoByte => match packet.get(next) {
            Some(&length) if next < block.end => {
                (first, span(next.saturating_add(1), usize::from(length)))
            }
            _ => return Step::Malformed,
        },
    };
    if data.end > block.end {
        return Step::Malformed;
    }
    Step::Element(Element { id, form, data })
}

fn rename(packet: &mut [u8], at: usize, element: &Element, id: u8) {
    match (id, element.form, packet.get_mut(at)) {
        (0, ..) => blank(packet, at..element.data.end),
        (_, Form::OneByte, Some(first)) => *first = (id << 4) | (*first & 0x0f),
        (_, Form::TwoByte, Some(first)) => *first = id,
        (_, _, None) => {}
    }
}

fn blank(packet: &mut [u8], range: Range<usize>) {
    if let Some(bytes) = packet.get_mut(range) {
        bytes.fill(0);
    }
}

/// One bit per id that a table can have a row for; others never cross and need no memory.
const fn bit(id: u8) -> u32 {
    if id < 16 { 1 << id } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(profile: u16, block: &[u8]) -> (Vec<u8>, Header) {
        assert_eq!(block.len() % 4, 0);
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend(profile.to_be_bytes());
        packet.extend(u16::try_from(block.len() / 4).unwrap().to_be_bytes());
        packet.extend(block);
        packet.extend([0xaa, 0xbb]);
        let header = Header::parse(&packet).unwrap();
        (packet, header)
    }

    fn table(rows: &[(u8, u8)]) -> Table {
        let mut table = Table::new();
        for &(incoming, outgoing) in rows {
            assert!(table.insert(incoming, outgoing));
        }
        table
    }

    fn remapped(profile: u16, block: &[u8], rows: &[(u8, u8)]) -> (u16, Vec<u8>) {
        let (mut packet, header) = packet(profile, block);
        remap(&mut packet, &header, &table(rows));
        assert_eq!(packet[..12], [0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]);
        assert_eq!(packet[header.length..], [0xaa, 0xbb]);
        let profile = u16::from_be_bytes([packet[12], packet[13]]);
        (profile, packet[16..header.length].to_vec())
    }

    #[test]
    fn an_element_is_found_behind_padding() {
        let (packet, header) = packet(0xbede, &[0x10, 0x61, 0, 0, 0x31, 0x12, 0x34, 0]);
        assert_eq!(find(&packet, &header, 1), Some(17..18));
        assert_eq!(find(&packet, &header, 3), Some(21..23));
        assert_eq!(read_u16(&packet, &(21..23)), Some(0x1234));
        assert_eq!(find(&packet, &header, 2), None);
        assert_eq!(find(&packet, &header, 0), None);
    }

    #[test]
    fn a_two_byte_element_is_found() {
        let (packet, header) = packet(0x1000, &[0, 0x20, 0, 0x05, 2, 0x12, 0x34, 0]);
        assert_eq!(find(&packet, &header, 0x20), Some(19..19));
        assert_eq!(find(&packet, &header, 5), Some(21..23));
    }

    #[test]
    fn mapped_elements_cross_and_others_are_blanked() {
        let block = [0x10, b'0', 0x32, 1, 2, 3, 0x51, 0x12, 0x34, 0x70, 0xff, 0];
        let rows = [(1, 9), (5, 3)];
        let expected = [0x90, b'0', 0, 0, 0, 0, 0x31, 0x12, 0x34, 0, 0, 0];
        assert_eq!(remapped(0xbede, &block, &rows), (0xbede, expected.to_vec()));
    }

    #[test]
    fn ids_may_change_places() {
        let block = [0x31, 0, 1, 0x51, 0, 2, 0, 0];
        let expected = [0x51, 0, 1, 0x31, 0, 2, 0, 0];
        assert_eq!(remapped(0xbede, &block, &[(3, 5), (5, 3)]).1, expected);
    }

    #[test]
    fn two_byte_elements_cross_or_are_blanked_likewise() {
        let block = [5, 2, 0x12, 0x34, 0x20, 3, 7, 7, 7, 1, 1, b'0'];
        let expected = [3, 2, 0x12, 0x34, 0, 0, 0, 0, 0, 9, 1, b'0'];
        let (profile, bytes) = remapped(0x1007, &block, &[(5, 3), (1, 9)]);
        assert_eq!((profile, &bytes[..]), (0x1000, &expected[..]));
    }

    #[test]
    fn a_repeated_element_does_not_cross_twice() {
        let block = [0x31, 0, 1, 0x31, 0xde, 0xad, 0, 0];
        assert_eq!(
            remapped(0xbede, &block, &[(3, 3)]).1,
            [0x31, 0, 1, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn what_follows_a_reserved_id_is_blanked() {
        for reserved in [0xf1, 0x02] {
            let block = [0x31, 0, 1, reserved, 0x31, 0xde, 0xad, 0xff];
            let crossed = remapped(0xbede, &block, &[(3, 3)]).1;
            assert_eq!(
                crossed,
                [0x31, 0, 1, 0, 0, 0, 0, 0],
                "reserved {reserved:x}"
            );
        }
    }

    #[test]
    fn a_malformed_block_is_blanked_whole() {
        for (profile, block) in [
            (0xbede, [0x31, 0, 1, 0x32, 0, 1, 2, 0x31]),
            (0x1000, [3, 1, 9, 3, 4, 0, 1, 2]),
            (0x1000, [3, 1, 9, 0, 0, 0, 0, 3]),
            (0x1234, [0x31, 0, 1, 0, 3, 1, 9, 0]),
        ] {
            let (outgoing, bytes) = remapped(profile, &block, &[(3, 3)]);
            assert_eq!(bytes, [0; 8], "{profile:x} {block:?}");
            assert_ne!(outgoing, 0x1234);
        }
    }

    #[test]
    fn a_table_takes_only_ids_that_every_form_carries() {
        let mut table = Table::new();
        for (incoming, outgoing) in [(0, 1), (1, 0), (15, 1), (1, 15), (255, 1)] {
            assert!(
                !table.insert(incoming, outgoing),
                "{incoming} to {outgoing}"
            );
        }
        assert_eq!(table, Table::new());
        assert!(table.insert(14, 1));
        assert_eq!(table.get(14), 1);
    }

    #[test]
    fn an_element_is_added_behind_those_there_are() {
        let bare = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xaa];
        let one_byte = packet(0xbede, &[0x31, 0x12, 0x34, 0]).0;
        let two_byte = packet(0x1000, &[3, 2, 0x12, 0x34]).0;
        for (packet, more) in [(&bare[..], 8), (&one_byte, 4), (&two_byte, 8)] {
            let header = Header::parse(packet).unwrap();
            let mut longer = [0; 40];
            let length = append(packet, &header, (5, [7, 8, 9]), &mut longer).unwrap();
            assert_eq!(length, packet.len() + more);
            let longer = &longer[..length];
            let parsed = Header::parse(longer).unwrap();
            let added = find(longer, &parsed, 5).unwrap();
            assert_eq!(longer[added], [7, 8, 9]);
            let kept = find(packet, &header, 3).map(|data| read_u16(packet, &data));
            let crossed = find(longer, &parsed, 3).map(|data| read_u16(longer, &data));
            assert_eq!(kept, crossed);
            assert_eq!(longer[parsed.length..], packet[header.length..]);
        }
    }

    #[test]
    fn an_element_that_does_not_fit_is_not_added() {
        let (whole, header) = packet(0xbede, &[0x31, 0x12, 0x34, 0]);
        let mut narrow = [0; 25];
        assert_eq!(append(&whole, &header, (5, [0; 3]), &mut narrow), None);
        let (foreign, header) = packet(0x1234, &[0x31, 0x12, 0x34, 0]);
        assert_eq!(append(&foreign, &header, (5, [0; 3]), &mut [0; 40]), None);
    }

    #[test]
    fn the_number_changes_in_place() {
        let (mut packet, header) = packet(0xbede, &[0x31, 0, 1, 0]);
        let data = find(&packet, &header, 3).unwrap();
        write_u16(&mut packet, &data, 0xabcd);
        assert_eq!(read_u16(&packet, &data), Some(0xabcd));
        write_u16(&mut packet, &(12..15), 0xffff);
        assert_eq!(packet[12..16], [0xbe, 0xde, 0, 1]);
    }
}
