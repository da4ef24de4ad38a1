//! Written-out bytes made bytes again before a text is packed: ids and digests are hexadecimal, and the parts of a token
//! are JSON in base64. A dictionary cannot help with either, and what stands inside of a token is words once more.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Before a number of bytes that stood there in hexadecimal; before a zero, the byte itself.
const HEX: u8 = 1;
/// Runs from this length on are worth it, up to what a byte can count.
const HEX_RUN: std::ops::RangeInclusive<usize> = 16..=510;
/// Before two bytes of length and as many that stood there in base64; before two zeros, the byte itself.
const BASE64: u8 = 2;
/// How a JSON object begins in base64.
const TOKEN: &[u8] = b"eyJ";
const TOKEN_MIN_BYTES: usize = 24;

/// A text, shorter.
pub(super) fn shorten(text: &[u8]) -> Vec<u8> {
    if text.contains(&BASE64) || token_in(text).is_some() {
        without_hex(&without_base64(text))
    } else {
        without_hex(text)
    }
}

/// What [`shorten`] was given; none where it never wrote that.
pub(super) fn lengthen(short: &[u8]) -> Option<Vec<u8>> {
    let text = with_hex(short)?;
    if text.contains(&BASE64) { with_base64(&text) } else { Some(text) }
}

/// Where the first token begins. Its last letter is the rarest in what we write.
fn token_in(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.iter().position(|byte| *byte == b'J') {
        let end = from + found + 1;
        if let Some(begin) = end.checked_sub(TOKEN.len())
            && text.get(begin..end) == Some(TOKEN)
        {
            return Some(begin);
        }
        from = end;
    }
    None
}

fn without_hex(text: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((begin, run)) = hex_run(rest) {
        let (plain, from) = rest.split_at(begin);
        let (digits, after) = from.split_at(run);
        copy(plain, HEX, &[HEX, 0], &mut short);
        short.extend([HEX, u8::try_from(run / 2).unwrap_or(0)]);
        let (pairs, _) = digits.as_chunks::<2>();
        short.extend(pairs.iter().map(|&[high, low]| digit(high).unwrap_or(0) << 4 | digit(low).unwrap_or(0)));
        rest = after;
    }
    copy(rest, HEX, &[HEX, 0], &mut short);
    short
}

/// Where the first run of digits that is worth it begins, and how many of them it has: an even number, and no more than
/// a byte can count in pairs.
fn hex_run(text: &[u8]) -> Option<(usize, usize)> {
    let (shortest, longest) = (*HEX_RUN.start(), *HEX_RUN.end());
    let is_digit = |byte: &u8| digit(*byte).is_some();
    let mut begin = 0;
    // Read backwards, most windows are left after a byte or two.
    while let Some(window) = text.get(begin..begin + shortest) {
        match window.iter().rposition(|byte| !is_digit(byte)) {
            Some(other) => begin += other + 1,
            None => {
                let run = text.get(begin..)?.iter().take(longest).take_while(|byte| is_digit(byte)).count();
                return Some((begin, run & !1));
            }
        }
    }
    None
}

fn with_hex(short: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(short.len() * 2);
    let mut rest = short;
    while let Some(at) = rest.iter().position(|byte| *byte == HEX) {
        let (plain, marked) = rest.split_at(at);
        text.extend_from_slice(plain);
        let (length, after) = marked.get(1..)?.split_first()?;
        let (bytes, after) = after.split_at_checked(usize::from(*length))?;
        if bytes.is_empty() {
            text.push(HEX);
        }
        text.extend(bytes.iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]));
        rest = after;
    }
    text.extend_from_slice(rest);
    Some(text)
}

fn without_base64(text: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = token_in(rest) {
        let (plain, from) = rest.split_at(at);
        copy(plain, BASE64, &[BASE64, 0, 0], &mut short);
        let run = from.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
        let (token, after) = from.split_at(run);
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|_| run >= TOKEN_MIN_BYTES);
        match bytes.as_ref().and_then(|bytes| Some((bytes, u16::try_from(bytes.len()).ok()?))) {
            Some((bytes, length)) => {
                short.push(BASE64);
                short.extend(length.to_be_bytes());
                short.extend_from_slice(bytes);
            }
            None => short.extend_from_slice(token),
        }
        rest = after;
    }
    copy(rest, BASE64, &[BASE64, 0, 0], &mut short);
    short
}

fn with_base64(short: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(short.len() * 4 / 3);
    let mut rest = short;
    while let Some(at) = rest.iter().position(|byte| *byte == BASE64) {
        let (plain, marked) = rest.split_at(at);
        text.extend_from_slice(plain);
        let (length, after) = marked.get(1..)?.split_first_chunk::<2>()?;
        let (bytes, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        if bytes.is_empty() {
            text.push(BASE64);
        }
        text.extend_from_slice(URL_SAFE_NO_PAD.encode(bytes).as_bytes());
        rest = after;
    }
    text.extend_from_slice(rest);
    Some(text)
}

/// Copies bytes; one of them is written otherwise.
fn copy(from: &[u8], marked: u8, written: &[u8], to: &mut Vec<u8>) {
    if !from.contains(&marked) {
        return to.extend_from_slice(from);
    }
    for (at, part) in from.split(|byte| *byte == marked).enumerate() {
        if at > 0 {
            to.extend_from_slice(written);
        }
        to.extend_from_slice(part);
    }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

fn letter(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_tokens_are_bytes() {
        let id = "0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";
        assert_eq!(shorten(id.as_bytes()).len(), 18);
        let claims = format!(r#"{{"sub":"chk_{id}","mode":"test"}}"#);
        let token = URL_SAFE_NO_PAD.encode(&claims);
        let short = shorten(format!("x.{token}.y").as_bytes());
        assert_eq!(short.len(), "x.".len() + 3 + (claims.len() - id.len() + 18) + ".y".len());
        assert_eq!(lengthen(&short).unwrap(), format!("x.{token}.y").as_bytes());
    }

    #[test]
    fn what_looks_like_it_comes_back_too() {
        for text in
            ["\u{1}\u{2}", "eyJ", "eyJ\u{2}", "0190a5b0c1d27e3\u{1}", "eyJhbGciOiJIUzI1NiJ9eyJhbGciOiJIUzI1NiJ9", ""]
        {
            assert_eq!(lengthen(&shorten(text.as_bytes())).unwrap(), text.as_bytes(), "{text:?}");
        }
        for length in [15, 16, 17, 509, 510, 511, 512, 1_030] {
            let text = "0a1b2c3d4e5f6978".repeat(70).into_bytes();
            let text = text.get(..length).unwrap();
            assert_eq!(lengthen(&shorten(text)).unwrap(), text, "{length}");
        }
    }

    /// Keys are found by these bytes: they are those that every version wrote.
    #[test]
    fn runs_are_written_as_they_always_were() {
        for (text, written) in [
            ("0123456789abcde-0123456789abcdef", &b"0123456789abcde-\x01\x08\x01\x23\x45\x67\x89\xab\xcd\xef"[..]),
            ("0123456789abcdef0", b"\x01\x08\x01\x23\x45\x67\x89\xab\xcd\xef0"),
            ("x\u{1}y", b"x\x01\x00y"),
        ] {
            assert_eq!(shorten(text.as_bytes()), written, "{text:?}");
        }
        let long = shorten("0".repeat(510 + 17).as_bytes());
        let parts = [&[HEX, 255][..], &[0; 255], &[HEX, 8], &[0; 8], b"0"].concat();
        assert_eq!(long, parts);
    }

    #[test]
    fn what_is_cut_is_refused() {
        for cut in [&[HEX][..], &[HEX, 2, 7], &[BASE64], &[BASE64, 0], &[BASE64, 0, 1]] {
            assert_eq!(lengthen(cut), None, "{cut:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "(eyJ|[0-9a-f]{0,40}|[A-Za-z0-9_-]{0,60}|[\u{1}\u{2}\u{0}é ])*") {
            prop_assert_eq!(lengthen(&shorten(text.as_bytes())).unwrap(), text.into_bytes());
        }

        #[test]
        fn any_bytes_are_read_or_refused(short in prop::collection::vec(0..4_u8, 0..60)) {
            prop_assert!(lengthen(&short).is_none_or(|text| text.len() <= short.len() * 3));
        }
    }
}
