//! Big-endian numbers at an offset of a slice that may be too short.

use std::ops::Range;

/// The `N` bytes at `offset`, where there are so many.
pub(super) fn chunk_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// The 16-bit number at `offset`.
pub(super) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    chunk_at(bytes, offset).map(u16::from_be_bytes)
}

/// The 32-bit number at `offset`.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    chunk_at(bytes, offset).map(u32::from_be_bytes)
}

/// Writes `value` at `offset`, or nothing where it does not fit.
pub(super) fn put<const N: usize>(bytes: &mut [u8], offset: usize, value: [u8; N]) {
    let place = bytes
        .get_mut(offset..)
        .and_then(<[u8]>::first_chunk_mut::<N>);
    if let Some(place) = place {
        *place = value;
    }
}

/// `length` places from `start` on; empty at the end of the number line.
pub(super) const fn span(start: usize, length: usize) -> Range<usize> {
    start..start.saturating_add(length)
}
