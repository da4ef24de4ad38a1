//! Stored texts made small: most of a snapshot or an answer is words of ours, which a dictionary holds already.
//!
//! The first byte says how the rest is to be read, so a better way can be added beside those that rows already use. A
//! dictionary that was released is never changed: rows could not be read any more. What comes from the database is
//! input: damaged bytes are refused, and never ask for more memory than their own length can stand for.

mod model;
mod short;

use lz4_flex::block::{compress_into_with_dict, decompress_into_with_dict, get_maximum_output_size};

pub(crate) use self::model::{Model, needs_model, unpack_text_of};

/// The text as it is.
const PLAIN: u8 = 0;
/// The text as [`short`] writes it: its length, seven bits a byte with the lowest first, then an LZ4 block with [`WORDS_1`].
const WITH_WORDS_1: u8 = 1;
/// The same with another text as the dictionary, see [`Model`].
const WITH_MODEL: u8 = 2;
/// No format: how a JSON object begins, which is what every row held before there were formats.
const OLDER: u8 = b'{';

/// The dictionary of [`WITH_WORDS_1`]: what we write, without what differs.
static WORDS_1: &[u8] = include_bytes!("packed/words-1.txt");

/// Texts a quarter as long stay plain; no request is that long, so no text of ours is.
const TEXT_MAX_BYTES: usize = 64 * 1024 * 1024;
/// A byte of a block stands for at most 255 bytes of text, and its beginning for a few more.
const LARGEST_RATIO: usize = 256;
/// Bytes of the length of a text with [`TEXT_MAX_BYTES`].
const LENGTH_MAX_BYTES: usize = 4;

/// Bytes that are not what [`pack`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damaged {
    #[error("written in a format that this version does not know")]
    Format,
    #[error("its length is not one that its bytes can have")]
    Length,
    #[error("its bytes are damaged")]
    Bytes,
    #[error("not text")]
    Text,
    #[error("the text that it resembles is missing")]
    Model,
}

/// A text as it is stored.
pub(crate) fn pack(text: &[u8]) -> Vec<u8> {
    match with_words(text) {
        Some(packed) if packed.len() <= text.len() => packed,
        _ => [&[PLAIN], text].concat(),
    }
}

/// The bytes that were packed.
pub(crate) fn unpack(stored: &[u8]) -> Result<Vec<u8>, Damaged> {
    match stored.split_first() {
        None => Ok(Vec::new()),
        Some((&PLAIN, text)) => Ok(text.to_vec()),
        Some((&WITH_WORDS_1, rest)) => without_words(rest),
        Some((&OLDER, _)) => Ok(stored.to_vec()),
        Some(_) => Err(Damaged::Format),
    }
}

/// The text that was packed.
pub(crate) fn unpack_text(stored: &[u8]) -> Result<String, Damaged> {
    String::from_utf8(unpack(stored)?).map_err(|_| Damaged::Text)
}

fn with_words(text: &[u8]) -> Option<Vec<u8>> {
    compressed(text, WITH_WORDS_1, WORDS_1)
}

fn compressed(text: &[u8], format: u8, dictionary: &[u8]) -> Option<Vec<u8>> {
    // What is shortened may grow by as much again and more, where it holds nothing but marks.
    if text.len() > TEXT_MAX_BYTES / 4 {
        return None;
    }
    let text = short::shorten(text);
    let room = get_maximum_output_size(text.len());
    let mut packed = Vec::with_capacity(1 + LENGTH_MAX_BYTES + room);
    packed.push(format);
    write_length(text.len(), &mut packed);
    let head = packed.len();
    packed.resize(head + room, 0);
    let used = compress_into_with_dict(&text, packed.get_mut(head..)?, dictionary).ok()?;
    packed.truncate(head + used);
    Some(packed)
}

fn without_words(rest: &[u8]) -> Result<Vec<u8>, Damaged> {
    short::lengthen(&decompress(rest, WORDS_1)?).ok_or(Damaged::Bytes)
}

fn decompress(rest: &[u8], dictionary: &[u8]) -> Result<Vec<u8>, Damaged> {
    let (length, block) = read_length(rest).ok_or(Damaged::Length)?;
    if length > TEXT_MAX_BYTES || length > block.len().saturating_mul(LARGEST_RATIO) {
        return Err(Damaged::Length);
    }
    let mut text = vec![0; length];
    match decompress_into_with_dict(block, &mut text, dictionary) {
        Ok(written) if written == length => Ok(text),
        _ => Err(Damaged::Bytes),
    }
}

/// A key as it is compared: hexadecimal digits as bytes, the rest as it is. Keys are found by these bytes, so how they
/// are made never changes.
pub(crate) fn short_key(text: &str) -> Vec<u8> {
    short::shorten(text.as_bytes())
}

/// Reads what [`short_key`] writes.
pub(crate) fn long_key(short: &[u8]) -> Option<String> {
    String::from_utf8(short::lengthen(short)?).ok()
}

fn write_length(mut length: usize, to: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or(0);
        length >>= 7;
        if length == 0 {
            return to.push(low);
        }
        to.push(low | 0x80);
    }
}

fn read_length(from: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (at, byte) in from.iter().enumerate().take(LENGTH_MAX_BYTES) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((length, from.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::codec::hex;

    /// A snapshot as merchants get it.
    const SNAPSHOT: &str = include_str!("packed/snapshot.json");

    #[test]
    fn the_dictionary_is_the_one_that_rows_were_written_with() {
        let digest = hex(&Sha256::digest(WORDS_1));
        assert_eq!(
            digest, "ed6e99aa03e7874d53febfd7b20f81603bb66ed22ebc6cf668a335bbbfaba92b",
            "add a second one instead"
        );
    }

    /// Written by the first version that packed; it must be read for ever.
    #[test]
    fn rows_of_the_first_version_are_read() {
        let stored = include_bytes!("packed/snapshot-1.bin");
        assert_eq!(unpack_text(stored).unwrap(), SNAPSHOT);
    }

    #[test]
    fn a_snapshot_takes_a_third_of_its_bytes_or_less() {
        let packed = pack(SNAPSHOT.as_bytes());
        assert!(packed.len() * 3 <= SNAPSHOT.len(), "{} of {}", packed.len(), SNAPSHOT.len());
        assert_eq!(unpack_text(&packed).unwrap(), SNAPSHOT);
    }

    #[test]
    fn texts_older_than_the_format_are_read_as_they_are() {
        for older in ["", "{}", r#"{"a":"é"}"#] {
            assert_eq!(unpack_text(older.as_bytes()).unwrap(), older);
        }
    }

    #[test]
    fn what_does_not_get_smaller_grows_by_a_byte() {
        for text in ["", "{", "{}", "\u{1}", "x8Kq2"] {
            let stored = pack(text.as_bytes());
            assert_eq!(stored.len(), text.len() + 1);
            assert_eq!(unpack_text(&stored).unwrap(), text);
        }
    }

    #[test]
    fn long_texts_come_back() {
        let mut text = SNAPSHOT.repeat(3_000);
        text.push('é');
        assert_eq!(unpack_text(&pack(text.as_bytes())).unwrap(), text);
    }

    #[test]
    fn what_is_cut_is_refused_and_what_is_changed_stays_small() {
        let packed = pack(SNAPSHOT.as_bytes());
        for at in 1..packed.len() {
            assert!(unpack(&packed[..at]).is_err(), "cut at {at}");
        }
        // The bytes of the length come first; those of the block cannot make more of it.
        for at in 3..packed.len() {
            for bit in 0..8 {
                let mut changed = packed.clone();
                changed[at] ^= 1 << bit;
                assert!(unpack(&changed).map_or(0, |text| text.len()) < 3 * SNAPSHOT.len(), "{at} {bit}");
            }
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_before_there_is_room_for_it() {
        let cases: [(&[u8], Damaged); 7] = [
            (&[3, b'{', b'}'], Damaged::Format),
            (&[0xff], Damaged::Format),
            (&[WITH_WORDS_1], Damaged::Length),
            (&[WITH_WORDS_1, 0x80, 0x80, 0x80, 0x80, 0x01, 0], Damaged::Length),
            (&[WITH_WORDS_1, 0xff, 0xff, 0xff, 0x1f, 0], Damaged::Length),
            (&[WITH_WORDS_1, 0xff, 0xff, 0xff, 0x7f, 0], Damaged::Length),
            (&[PLAIN, 0xff], Damaged::Text),
        ];
        for (stored, damage) in cases {
            assert_eq!(unpack_text(stored), Err(damage), "{stored:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(text in prop::collection::vec(any::<u8>(), 0..3_000)) {
            prop_assert_eq!(unpack(&pack(&text)).unwrap(), text);
        }

        #[test]
        fn keys_come_back(text in "[0-9a-f]{0,70}[ -~]{0,50}[0-9a-f]{0,70}") {
            prop_assert_eq!(long_key(&short_key(&text)), Some(text));
        }

        #[test]
        fn texts_of_our_words_come_back(parts in prop::collection::vec((0..1_000_usize, 0..300_usize), 0..20)) {
            let text: Vec<u8> = parts.iter().flat_map(|&(from, length)| SNAPSHOT.bytes().skip(from).take(length)).collect();
            prop_assert_eq!(unpack(&pack(&text)).unwrap(), text);
        }

        #[test]
        fn hostile_bytes_never_panic(rest in prop::collection::vec(any::<u8>(), 0..200), length in 0..400_usize) {
            let mut stored = vec![WITH_WORDS_1];
            write_length(length, &mut stored);
            stored.extend(rest);
            if let Ok(text) = unpack(&stored) {
                prop_assert!(text.len() <= 3 * length);
            }
        }
    }
}
