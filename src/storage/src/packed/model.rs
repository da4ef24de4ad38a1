//! Texts kept beside one that they resemble: what is told of a checkout says nearly the same every time.

use std::sync::Arc;

use super::{Damaged, PLAIN, WITH_MODEL, WITH_WORDS_1, WORDS_1, compressed, decompress, pack, short, unpack_text};

/// A block looks back 64 KiB at most, and a longer model would cost more than it saves.
const MODEL_MAX_BYTES: usize = 32 * 1024;

/// A text that later ones resemble, such as the first snapshot of a checkout. Each of them takes a few bytes, and is read
/// with this one alone.
#[derive(Clone, Debug)]
pub(crate) struct Model(Arc<[u8]>);

impl Model {
    /// A text as a model, and as it is stored to be one; none where it is too long.
    pub(crate) fn of(text: &[u8]) -> Option<(Self, Vec<u8>)> {
        if text.len() > MODEL_MAX_BYTES {
            return None;
        }
        let stored = pack(text);
        Self::stored(&stored).ok().map(|model| (model, stored))
    }

    /// The model that was stored. Its bytes are taken as they were shortened when it was made.
    pub(crate) fn stored(stored: &[u8]) -> Result<Self, Damaged> {
        match stored.split_first() {
            Some((&PLAIN, text)) => Ok(Self(text.into())),
            Some((&WITH_WORDS_1, rest)) => Ok(Self(decompress(rest, WORDS_1)?.into())),
            _ => Err(Damaged::Format),
        }
    }

    /// A text as it is stored.
    pub(crate) fn pack(&self, text: &[u8]) -> Vec<u8> {
        match compressed(text, WITH_MODEL, &self.0) {
            Some(packed) if packed.len() <= text.len() => packed,
            _ => [&[PLAIN], text].concat(),
        }
    }

    /// Bytes that it holds in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// True of what can be read with its model alone.
pub(crate) fn needs_model(stored: &[u8]) -> bool {
    stored.first() == Some(&WITH_MODEL)
}

/// The text that was packed; `model` as it is stored, where one is needed.
pub(crate) fn unpack_text_of(stored: &[u8], model: Option<&[u8]>) -> Result<String, Damaged> {
    let Some((&WITH_MODEL, rest)) = stored.split_first() else { return unpack_text(stored) };
    let model = Model::stored(model.ok_or(Damaged::Model)?)?;
    let text = short::lengthen(&decompress(rest, &model.0)?).ok_or(Damaged::Bytes)?;
    String::from_utf8(text).map_err(|_| Damaged::Text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::unpack;
    use super::*;

    const SNAPSHOT: &str = include_str!("snapshot.json");

    #[test]
    fn a_text_beside_one_that_it_resembles_takes_a_few_bytes() {
        let later = SNAPSHOT.replace("\"initiating\"", "\"preapproved\"").replace("\"sequence\":1", "\"sequence\":3");
        let (model, stored) = Model::of(SNAPSHOT.as_bytes()).unwrap();
        let packed = model.pack(later.as_bytes());
        assert!(packed.len() < 100, "{} of {}", packed.len(), later.len());
        assert!(needs_model(&packed) && !needs_model(&stored));
        assert_eq!(unpack_text_of(&packed, Some(&stored)).unwrap(), later);
        assert_eq!(unpack_text_of(&packed, None), Err(Damaged::Model));
        assert_eq!(unpack_text_of(&packed, Some(&[])), Err(Damaged::Format));
        assert_eq!(unpack_text_of(&packed, Some(&packed)), Err(Damaged::Format));
        assert_eq!(unpack(&packed), Err(Damaged::Format));
        // What was packed by itself needs no model.
        assert_eq!(unpack_text_of(&pack(b"{}"), None).unwrap(), "{}");
        assert!(Model::of(&vec![b'x'; MODEL_MAX_BYTES + 1]).is_none());
    }

    #[test]
    fn what_is_cut_is_refused() {
        let (model, stored) = Model::of(SNAPSHOT.as_bytes()).unwrap();
        let packed = model.pack(SNAPSHOT.replace("none", "some").as_bytes());
        for at in 1..packed.len() {
            assert!(unpack_text_of(&packed[..at], Some(&stored)).is_err(), "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_beside_any_model(text in "[ -~é]{0,600}", model in prop::collection::vec(any::<u8>(), 0..600)) {
            let (model, stored) = Model::of(&model).unwrap();
            let packed = model.pack(text.as_bytes());
            prop_assert_eq!(unpack_text_of(&packed, Some(&stored)).unwrap(), text);
        }

        #[test]
        fn hostile_bytes_never_panic(rest in prop::collection::vec(any::<u8>(), 0..200), model in prop::collection::vec(any::<u8>(), 0..99)) {
            let stored = [&[WITH_MODEL], rest.as_slice()].concat();
            let _ = unpack_text_of(&stored, Some(&model));
        }
    }
}
